/** Starts the console in the page. */
import { QueryClient, QueryClientProvider } from '@tanstack/preact-query'
import { render } from 'preact'
import { App } from './app.tsx'
import './style/base.css'
import './style/parts.css'
import 'uplot/dist/uPlot.min.css'

// A read that fails is repeated by its own interval; the page says as of when its figures are.
const client = new QueryClient({
  defaultOptions: { queries: { retry: false, networkMode: 'always', staleTime: 1_000 } },
})

render(
  <QueryClientProvider client={client}>
    <App />
  </QueryClientProvider>,
  document.getElementById('console') as HTMLElement,
)
