/** The frame of every page: who is logged in, where one can go, and the page itself. */
import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { Link, Route, Switch, useLocation } from 'wouter-preact'
import { logOut } from './api/client.ts'
import { useMay, useSession } from './api/queries.ts'
import { AccessPage } from './pages/access.tsx'
import { AuditPage } from './pages/audit.tsx'
import { ConnectionPage } from './pages/connection.tsx'
import { ConnectionsPage } from './pages/connections.tsx'
import { DeadLettersPage } from './pages/dead-letters.tsx'
import { OverviewPage } from './pages/overview.tsx'
import { ReplaysPage } from './pages/replays.tsx'
import { ReportsPage } from './pages/reports.tsx'
import { TopicsPage } from './pages/topics.tsx'
import { KeywordListsPage, RuleSetsPage } from './pages/versions.tsx'
import { WhyPage } from './pages/why.tsx'

const NavLink = ({ to, children }: { to: string; children: ComponentChildren }) => {
  const [location] = useLocation()
  const isHere = to === '/' ? location === '/' : location.startsWith(to)
  return (
    <Link href={to} aria-current={isHere ? 'page' : undefined}>
      {children}
    </Link>
  )
}

const Person = () => {
  const { data } = useSession()
  if (!data) return null
  return (
    <p class="person">
      <span>
        {data.actor}, {data.role}
        {data.tenant === null ? '' : ` of ${data.tenant}`}
      </span>
      <button type="button" onClick={() => void logOut()}>
        Log out
      </button>
    </p>
  )
}

const Missing = () => (
  <>
    <h1>There is no such page</h1>
    <p>
      <Link href="/">To the overview</Link>
    </p>
  </>
)

/** After a change of page the keyboard and the screen reader go on at its heading. */
const useFocusOnNewPage = () => {
  const [location] = useLocation()
  const main = useRef<HTMLElement>(null)
  const first = useRef(true)
  useEffect(() => {
    if (first.current) first.current = false
    else main.current?.focus()
    window.scrollTo(0, 0)
    const heading = main.current?.querySelector('h1')?.textContent
    document.title = heading ? `${heading}: Messaging Signals` : 'Messaging Signals'
  }, [location])
  return main
}

export const App = () => {
  const main = useFocusOnNewPage()
  const seesAudit = useMay('admin')
  return (
    <>
      <a class="skip" href="#main">
        To the content
      </a>
      <header>
        <Link href="/" class="brand">
          Messaging Signals
        </Link>
        <nav aria-label="Pages">
          <NavLink to="/">Overview</NavLink>
          <NavLink to="/connections">Connections</NavLink>
          <NavLink to="/dead-letters">Dead letters</NavLink>
          <NavLink to="/replays">Replays</NavLink>
          <NavLink to="/keyword-lists">Keyword lists</NavLink>
          <NavLink to="/rule-sets">Rule sets</NavLink>
          <NavLink to="/why">Why</NavLink>
          <NavLink to="/reports">Reports</NavLink>
          <NavLink to="/topics">Topics</NavLink>
          {seesAudit ? <NavLink to="/access">Access</NavLink> : null}
          {seesAudit ? <NavLink to="/audit">Audit</NavLink> : null}
        </nav>
        <Person />
      </header>
      <main id="main" tabIndex={-1} ref={main}>
        <Switch>
          <Route path="/" component={OverviewPage} />
          <Route path="/connections" component={ConnectionsPage} />
          <Route path="/connections/:id">{({ id }) => <ConnectionPage key={id} id={decodeURIComponent(id)} />}</Route>
          <Route path="/dead-letters" component={DeadLettersPage} />
          <Route path="/replays" component={ReplaysPage} />
          <Route path="/keyword-lists" component={KeywordListsPage} />
          <Route path="/rule-sets" component={RuleSetsPage} />
          <Route path="/why" component={WhyPage} />
          <Route path="/reports" component={ReportsPage} />
          <Route path="/topics" component={TopicsPage} />
          <Route path="/access" component={AccessPage} />
          <Route path="/audit" component={AuditPage} />
          <Route component={Missing} />
        </Switch>
      </main>
    </>
  )
}
