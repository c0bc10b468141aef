/** A moment in a narrow column: it is broken between date and time alone. */
import { momentText } from '../format.ts'

/** @param at ms */
export const Moment = ({ at }: { at: number }) => {
  const [date, time] = momentText(at).split(/(?<=,) /)
  return (
    <time dateTime={new Date(at).toISOString()}>
      <span class="nowrap">{date}</span> <span class="nowrap">{time}</span>
    </time>
  )
}
