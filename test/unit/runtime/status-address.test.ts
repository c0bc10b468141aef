import { fields, loadConfig } from '../../../services/runtime/config.ts'
import { statusAddress } from '../../../services/runtime/status-address.ts'

const { STATUS_ADDRESS } = fields
const given = (text: string) => loadConfig({ STATUS_ADDRESS }, { STATUS_ADDRESS: text }).STATUS_ADDRESS

describe('the address of a status server', () => {
  it.each([
    ['of this machine alone', undefined, '127.0.0.1', 'http://127.0.0.1:9100/metrics'],
    ['of one address', undefined, '10.0.0.7', 'http://10.0.0.7:9100/metrics'],
    ['of one address of IPv6', undefined, 'fd00::7', 'http://[fd00::7]:9100/metrics'],
    ['that listens on all', undefined, '0.0.0.0', 'http://worker-1:9100/metrics'],
    ['that listens on all of IPv6', undefined, '::', 'http://worker-1:9100/metrics'],
    ['of a pod', '10.1.2.3', '0.0.0.0', 'http://10.1.2.3:9100/metrics'],
    ['of a pod with IPv6', 'fd00::1', '0.0.0.0', 'http://[fd00::1]:9100/metrics'],
    ['behind another port', 'host.example:9200', '0.0.0.0', 'http://host.example:9200/metrics'],
    ['behind another port of IPv6', '[fd00::1]:9200', '::', 'http://[fd00::1]:9200/metrics'],
  ])('%s', (_, address, bind, url) => {
    const own = address === undefined ? undefined : given(address)
    expect(statusAddress({ given: own, bind, port: 9_100 }, 'worker-1')).toBe(url)
  })

  it.each(['http://host:9100', 'host:0', 'host:99999', 'a b', 'user@host', '[fd00::1', 'host/metrics'])(
    'is not %s',
    (text) => expect(() => given(text)).toThrow(/STATUS_ADDRESS: must be a host name or an IP address/),
  )
})
