/** Translates the judgement of a whole call into the result of each of its events. Pure. */
import type { Judgement } from '../destinations/destination.ts'
import type { FinalResult, SendResult } from '../signal/send-result.ts'

export type FinalAnswer = { readonly kind: 'final' } & Pick<FinalResult, 'outcome' | 'code' | 'requestId'>
export type CallResult = FinalAnswer | Extract<SendResult, { readonly kind: 'refused' | 'blocked' }>

export const callResultOf = ({ verdict, code, requestId, reason }: Judgement): CallResult => {
  switch (verdict) {
    case 'accepted':
    case 'duplicate':
      return { kind: 'final', outcome: verdict, code: code as number, requestId }
    case 'bad_event':
    case 'partial':
    case 'too_many':
      // The event is alone in its call, so no smaller call is left to try. Without a code the destination itself has not answered.
      return code === null
        ? { kind: 'refused', unknownCode: false, reason }
        : { kind: 'final', outcome: 'rejected', code, requestId }
    case 'token':
    case 'authorisation':
      return { kind: 'blocked', reason: 'reconnect' }
    case 'unknown':
      return { kind: 'refused', unknownCode: true, reason: 'unknown_code' }
    case 'throttled':
    case 'service':
      return { kind: 'refused', unknownCode: false, reason }
  }
}
