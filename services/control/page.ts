/** The status page: one HTML document without a build or foreign addresses. It polls `/api/status` every 2 s. */
export const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Messaging Signals</title>
<style>
  :root { color-scheme: light dark; --good: #1f8a43; --warning: #b26a00; --page: #c62828; --line: #8883; --dim: #888;
    font: 15px/1.45 system-ui, sans-serif; }
  body { max-width: 76rem; margin: 1.2rem auto; padding: 0 1rem; }
  header { display: flex; align-items: baseline; gap: 1rem; }
  h1 { font-size: 1.15rem; margin: 0; } h2 { font-size: 1rem; margin: 1.6rem 0 .4rem; }
  #age { color: var(--dim); margin-left: auto; } #who { color: var(--dim); } #logout { font: inherit; }
  #summary { margin: .8rem 0; padding: .7rem 1rem; border-radius: .4rem; font-size: 1.15rem; font-weight: 600; color: #fff; background: #666; }
  #summary.good { background: var(--good); } #summary.warning { background: var(--warning); } #summary.page { background: var(--page); }
  #problems { list-style: none; margin: 0; padding: 0; }
  #problems li { padding: .35rem .8rem; border-left: .3rem solid; margin: .25rem 0; background: #8881; }
  #problems .page { border-color: var(--page); } #problems .warning { border-color: var(--warning); }
  #problems code { color: var(--dim); float: right; }
  table { border-collapse: collapse; width: 100%; }
  th, td { text-align: left; padding: .28rem .8rem .28rem 0; border-bottom: 1px solid var(--line); white-space: nowrap; }
  th { font-weight: 600; color: var(--dim); font-size: .85rem; }
  td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
  .dot::before { content: '\\25CF'; margin-right: .4rem; } .dot.good::before { color: var(--good); }
  .dot.warning::before { color: var(--warning); } .dot.page::before { color: var(--page); }
  .late { color: var(--page); font-weight: 600; }
  svg { display: block; } svg polyline { fill: none; stroke: currentColor; stroke-width: 1.5; }
  .columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); gap: 0 2.5rem; }
  .none { color: var(--dim); }
</style>
<header><h1>Messaging Signals</h1><span id="age"></span><span id="who"></span><button id="logout" hidden>Log out</button></header>
<div id="summary" role="status">loading …</div>
<ul id="problems"></ul>
<h2>Stages</h2>
<table><thead><tr><th>stage<th>state<th class="number">behind<th class="number">messages<th class="number">trend<th class="number">caught up in<th>last two minutes<th class="number">oldest</thead><tbody id="stages"></tbody></table>
<div class="columns">
  <section><h2>Delayed on purpose</h2><table><thead><tr><th>topic<th class="number">records<th class="number">overdue</thead><tbody id="lanes"></tbody></table></section>
  <section><h2>Breakers open</h2><table><thead><tr><th>connection<th>cause<th class="number">for</thead><tbody id="breakers"></tbody></table></section>
  <section><h2>Dead letters</h2><table><thead><tr><th>topic<th class="number">records kept</thead><tbody id="dead"></tbody></table></section>
  <section><h2>Dependencies</h2><table><tbody id="dependencies"></tbody></table></section>
</div>
<h2>Connections <span id="counts" class="none"></span></h2>
<table><thead><tr><th>connection<th>source<th>account<th>advertiser<th>status</thead><tbody id="connections"></tbody></table>
<h2>Accounts without a connection <span class="none">nothing of what they send is kept</span></h2>
<table><thead><tr><th>source<th>account<th>by<th>last</thead><tbody id="unconnected"></tbody></table>
<h2>Last deliveries</h2>
<table><thead><tr><th>time<th>connection<th>kind<th>outcome<th>code</thead><tbody id="deliveries"></tbody></table>
<script>
  const $ = (id) => document.getElementById(id)
  const cell = (value, className) => { const td = document.createElement('td'); if (value instanceof Node) td.append(value); else td.textContent = value ?? '–'; if (className) td.className = className; return td }
  const dot = (text, kind) => { const span = document.createElement('span'); span.className = 'dot ' + kind; span.textContent = text; return span }
  const fill = (id, rows, none) => $(id).replaceChildren(...(rows.length ? rows : [[Object.assign(cell(none, 'none'), { colSpan: 9 })]]).map((cells) => { const tr = document.createElement('tr'); tr.append(...cells); return tr }))
  const span = (seconds) => seconds === null || seconds === undefined ? '–' : seconds < 1 ? Math.round(seconds * 1000) + ' ms' : seconds < 120 ? seconds.toFixed(1) + ' s' : seconds < 7200 ? Math.round(seconds / 60) + ' min' : (seconds / 3600).toFixed(1) + ' h'
  const count = (value) => value === null || value === undefined ? '–' : Math.round(value).toLocaleString('en')
  const size = (bytes) => bytes > 1073741824 ? (bytes / 1073741824).toFixed(1) + ' GiB' : (bytes / 1048576).toFixed(1) + ' MiB'
  const behind = (seconds) => cell(span(seconds), 'number' + (seconds > 120 ? ' late' : ''))
  const stateKind = { running: 'good', starting: 'warning', waiting: 'warning', stopping: 'warning', halted: 'page', unreachable: 'page' }
  const statusKind = { active: 'good', paused: 'warning', reconnect: 'page', disconnected: '' }
  const trend = (s) => s.trendPerSecond === null ? '–' : Math.abs(s.trendPerSecond) < 0.5 ? (s.messages ? 'steady' : 'idle') : (s.trendPerSecond > 0 ? '+' : '') + s.trendPerSecond.toFixed(Math.abs(s.trendPerSecond) < 10 ? 1 : 0) + '/s'
  const history = {}
  const line = (stage, messages) => {
    const all = history[stage] = [...(history[stage] ?? []), messages ?? 0].slice(-60)
    const most = Math.max(1, ...all)
    const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
    svg.setAttribute('width', 120); svg.setAttribute('height', 20)
    const path = document.createElementNS('http://www.w3.org/2000/svg', 'polyline')
    path.setAttribute('points', all.map((value, n) => (120 - (all.length - 1 - n) * 2) + ',' + (19 - 18 * value / most)).join(' '))
    svg.append(path)
    return svg
  }
  let seenAt = 0
  const show = (status) => {
    const worst = status.problems[0]?.severity ?? 'good'
    $('summary').className = worst
    $('summary').textContent = worst === 'good' ? 'All is well' : status.problems.length === 1 ? 'One thing needs attention' : status.problems.length + ' things need attention'
    document.title = (worst === 'good' ? '' : '(' + status.problems.length + ') ') + 'Messaging Signals'
    $('problems').replaceChildren(...status.problems.map((problem) => { const li = document.createElement('li'); li.className = problem.severity; const code = document.createElement('code'); code.textContent = 'docs/runbooks/' + problem.runbook + '.md'; li.append(code, problem.text); return li }))
    fill('stages', status.stages.map((s) => [cell(s.stage), cell(dot(s.state + (s.reason ? ' (' + s.reason + ')' : ''), s.healthy || s.state !== 'running' ? stateKind[s.state] : 'page')), behind(s.seconds), cell(count(s.messages), 'number'), cell(s.messages === null ? null : trend(s), 'number'), cell(s.messages ? span(s.catchUpSeconds) : '–', 'number'), cell(s.messages === null ? null : line(s.stage, s.messages)), cell(span(s.oldestUnprocessedSeconds), 'number')]))
    fill('lanes', status.groups.filter((g) => g.lane !== 'main' && g.messages > 0).map((g) => [cell(g.topic), cell(count(g.messages), 'number'), g.lane === 'parked' ? cell('waits for an operator', 'number') : behind(g.seconds)]), 'none')
    fill('breakers', status.breakers.oldest.map((b) => [cell(b.connectionId), cell(b.cause), cell(span(b.seconds), 'number')]), 'none')
    fill('dead', status.deadLetters.filter((d) => d.records > 0).map((d) => [cell(d.topic), cell(count(d.records), 'number')]), 'none')
    fill('dependencies', [
      ...Object.entries(status.dependencies).map(([name, up]) => [cell(dot(name, up ? 'good' : 'page')), cell(up ? 'answers' : 'does not answer')]),
      ...(status.redis ? [[cell('Redis memory'), cell(size(status.redis.bytes) + (status.redis.limitBytes ? ' of ' + size(status.redis.limitBytes) : '') + ', ' + count(status.redis.keys) + ' keys')]] : []),
      ...(status.disk ? [[cell('disk free'), cell(size(status.disk.freeBytes) + ' of ' + size(status.disk.sizeBytes))]] : []),
    ])
    const by = {}
    for (const { status: one } of status.connections) by[one] = (by[one] ?? 0) + 1
    $('counts').textContent = Object.entries(by).map(([name, n]) => n + ' ' + name).join(', ')
    const order = { reconnect: 0, paused: 1, active: 2, disconnected: 3 }
    fill('connections', [...status.connections].sort((a, b) => order[a.status] - order[b.status]).slice(0, 50).map((c) => [cell(c.connectionId), cell(c.source), cell(c.accountId), cell(c.advertiserId), cell(dot(c.status, statusKind[c.status]))]), 'no connections')
    fill('unconnected', status.unconnected.slice(0, 20).map((u) => [cell(u.source), cell(u.accountId), cell(u.seenBy === 'ingest' ? 'Kafka' : 'HTTP'), cell(new Date(u.at).toLocaleString())]), 'none since gateway and ingest started')
    fill('deliveries', status.deliveries.slice(0, 20).map((d) => [cell(new Date(d.settledAt).toLocaleTimeString()), cell(d.connectionId), cell(d.kind), cell(d.outcome), cell(d.code)]), 'none since this console started')
  }
  const poll = async () => {
    try {
      const response = await fetch('/api/status', { signal: AbortSignal.timeout(5000) })
      if (response.status === 401) return location.assign('/login')
      if (!response.ok) throw new Error()
      show(await response.json())
      seenAt = Date.now()
    } catch {
      $('summary').className = 'page'
      $('summary').textContent = 'The console does not answer: the values below are old'
    }
    setTimeout(poll, 2000)
  }
  setInterval(() => { $('age').textContent = seenAt ? 'as of ' + new Date(seenAt).toLocaleTimeString() + (Date.now() - seenAt > 6000 ? ', ' + Math.round((Date.now() - seenAt) / 1000) + ' s ago' : '') : '' }, 1000)
  const session = async () => {
    const response = await fetch('/api/session')
    if (!response.ok) return
    const { actor, role, tenant, csrfToken } = await response.json()
    $('who').textContent = actor + ', ' + role + (tenant === null ? '' : ' of ' + tenant)
    $('logout').hidden = false
    $('logout').onclick = async () => {
      await fetch('/logout', { method: 'POST', headers: { 'x-csrf-token': csrfToken } })
      location.assign('/login')
    }
  }
  session()
  poll()
</script>
</html>
`
