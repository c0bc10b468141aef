/** Scripts by which a shell completes the words of `signals`. Pure. */

export interface CommandWords {
  readonly name: string
  readonly about: string
  readonly options: readonly string[]
  readonly subs: readonly { readonly name: string; readonly about: string; readonly options: readonly string[] }[]
}

export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

const words = (names: readonly string[]) => names.join(' ')

/** By the word before: the commands, then the sub-commands and options of the command, then the options of the sub-command. */
const cases = (commands: readonly CommandWords[], line: (key: string, names: string) => string): string =>
  commands
    .flatMap(({ name, options, subs }) => [
      line(name, words([...subs.map((sub) => sub.name), ...options])),
      ...subs.map((sub) => line(`${name} ${sub.name}`, words(sub.options))),
    ])
    .join('\n')

const bash = (commands: readonly CommandWords[]) => `# bash completion of signals: signals completion bash >> ~/.bashrc
_signals() {
  local current="\${COMP_WORDS[COMP_CWORD]}" first="" second="" known="" word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in
      -*) ;;
      *) if [ -z "$first" ]; then first="$word"; elif [ -z "$second" ]; then second="$word"; fi ;;
    esac
  done
  case "$first $second" in
    " ") known="${words(commands.map(({ name }) => name))}" ;;
${cases(commands, (key, names) => {
  const [first, second] = key.split(' ')
  return second === undefined ? '' : `    "${first} ${second}") known="${names}" ;;`
})
  .split('\n')
  .filter((line) => line !== '')
  .join('\n')}
    *) case "$first" in
${cases(commands, (key, names) => (key.includes(' ') ? '' : `      ${key}) known="${names}" ;;`))
  .split('\n')
  .filter((line) => line !== '')
  .join('\n')}
    esac ;;
  esac
  case "$current" in
    -*|"") COMPREPLY=($(compgen -W "$known" -- "$current")) ;;
    *) COMPREPLY=($(compgen -W "$known" -- "$current") $(compgen -f -- "$current")) ;;
  esac
}
complete -F _signals signals
`

/** zsh runs bash's functions by its own \`bashcompinit\`. */
const zsh = (commands: readonly CommandWords[]) => `# zsh completion of signals: signals completion zsh >> ~/.zshrc
autoload -Uz compinit bashcompinit && compinit -u && bashcompinit
${bash(commands).split('\n').slice(1).join('\n')}`

const quoted = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`

const fish = (commands: readonly CommandWords[]) => {
  const lines = commands.flatMap(({ name, about, options, subs }) => {
    const isChosen = `__fish_seen_subcommand_from ${name}`
    const names = words(subs.map((sub) => sub.name))
    const isAlone = names === '' ? isChosen : `${isChosen}; and not __fish_seen_subcommand_from ${names}`
    const option = (condition: string, one: string) =>
      `complete -c signals -n ${quoted(condition)} -l ${one.replace(/^--/, '')}`
    return [
      `complete -c signals -n __fish_use_subcommand -f -a ${name} -d ${quoted(about)}`,
      ...subs.map((sub) => `complete -c signals -n ${quoted(isAlone)} -f -a ${sub.name} -d ${quoted(sub.about)}`),
      ...options.map((one) => option(isAlone, one)),
      ...subs.flatMap((sub) =>
        sub.options.map((one) => option(`${isChosen}; and __fish_seen_subcommand_from ${sub.name}`, one)),
      ),
    ]
  })
  return `# fish completion of signals: signals completion fish > ~/.config/fish/completions/signals.fish\n${lines.join('\n')}\n`
}

export const completionScript = (shell: Shell, commands: readonly CommandWords[]): string =>
  ({ bash, zsh, fish })[shell](commands)
