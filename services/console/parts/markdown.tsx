/** Draws Markdown of our own pages as elements. No HTML is taken over, so a page cannot bring a script along. */
import { lexer, type Token, type Tokens } from 'marked'
import type { ComponentChildren } from 'preact'

/** A link between pages of docs/: another runbook is shown in place by its own link; the rest is named, not linked. */
const LinkText = ({ href, text }: { href: string; text: string }) =>
  /^https:/.test(href) ? (
    <a href={href} rel="noreferrer" target="_blank">
      {text}
    </a>
  ) : (
    <span title={href}>{text}</span>
  )

const inline = (tokens: readonly Token[] | undefined): ComponentChildren =>
  (tokens ?? []).map((token, n) => {
    const key = String(n)
    switch (token.type) {
      case 'strong':
        return <strong key={key}>{inline(token.tokens)}</strong>
      case 'em':
        return <em key={key}>{inline(token.tokens)}</em>
      case 'codespan':
        return <code key={key}>{token.text}</code>
      case 'link':
        return <LinkText key={key} href={token.href} text={token.text} />
      default:
        return 'tokens' in token && token.tokens ? inline(token.tokens) : 'text' in token ? token.text : ''
    }
  })

const List = ({ token }: { token: Tokens.List }) => {
  const items = token.items.map((item, n) => <li key={String(n)}>{blocks(item.tokens)}</li>)
  return token.ordered ? <ol>{items}</ol> : <ul>{items}</ul>
}

const Block = ({ token }: { token: Token }) => {
  switch (token.type) {
    case 'heading':
      // The page has its own first levels.
      return token.depth === 1 ? null : <h4>{inline(token.tokens)}</h4>
    case 'paragraph':
      return <p>{inline(token.tokens)}</p>
    case 'text':
      return <>{inline('tokens' in token ? token.tokens : [token])}</>
    case 'list':
      return <List token={token as Tokens.List} />
    case 'code':
      return (
        <pre>
          <code>{token.text}</code>
        </pre>
      )
    default:
      return null
  }
}

const blocks = (tokens: readonly Token[]): ComponentChildren =>
  tokens.map((token, n) => <Block key={String(n)} token={token} />)

export const Markdown = ({ text }: { text: string }) => <div class="prose">{blocks(lexer(text))}</div>
