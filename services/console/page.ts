/** The status page: one document, no build, no foreign address. It asks `/api/status` every two seconds. */
export const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Messaging Signals</title>
<style>
  :root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
  body { max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
  h1 { font-size: 1.4rem; } h2 { font-size: 1.05rem; margin-top: 2rem; }
  table { border-collapse: collapse; width: 100%; }
  th, td { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #8884; }
  .good::before { content: '● '; color: #2a9d4a; } .bad::before { content: '● '; color: #d33; }
  td.number { text-align: right; font-variant-numeric: tabular-nums; }
</style>
<h1>Messaging Signals</h1>
<p id="summary" role="status">looking …</p>
<h2>Stages</h2>
<table><thead><tr><th>stage<th>state<th>messages behind<th>seconds behind<th>oldest in hand, s</thead><tbody id="stages"></tbody></table>
<h2>Connections</h2>
<table><thead><tr><th>connection<th>source<th>account<th>advertiser<th>status</thead><tbody id="connections"></tbody></table>
<h2>Last deliveries</h2>
<table><thead><tr><th>time<th>connection<th>kind<th>outcome<th>code</thead><tbody id="deliveries"></tbody></table>
<script>
  const cell = (value, className) => { const td = document.createElement('td'); td.textContent = value ?? '–'; if (className) td.className = className; return td }
  const rows = (id, all) => document.getElementById(id).replaceChildren(...all.map((cells) => { const tr = document.createElement('tr'); tr.append(...cells); return tr }))
  const number = (value, digits = 0) => cell(value === null ? null : value.toFixed(digits), 'number')
  const look = async () => {
    try {
      const status = await (await fetch('/api/status')).json()
      const bad = status.stages.filter((stage) => !stage.healthy).length
      document.getElementById('summary').textContent = bad ? bad + ' of ' + status.stages.length + ' stages are not well' : 'all stages are well'
      rows('stages', status.stages.map((s) => [cell(s.stage), cell(s.state + (s.reason ? ' (' + s.reason + ')' : ''), s.healthy ? 'good' : 'bad'), number(s.messages), number(s.seconds, 1), number(s.oldestUnprocessedSeconds, 1)]))
      rows('connections', status.connections.map((c) => [cell(c.connectionId), cell(c.source), cell(c.accountId), cell(c.advertiserId), cell(c.status)]))
      rows('deliveries', status.deliveries.map((d) => [cell(new Date(d.settledAt).toLocaleTimeString()), cell(d.connectionId), cell(d.kind), cell(d.outcome), cell(d.code)]))
    } catch { document.getElementById('summary').textContent = 'the console does not answer' }
    setTimeout(look, 2000)
  }
  look()
</script>
</html>
`
