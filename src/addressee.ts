import { TuttiError } from './errors.js'
import type { Member, View } from './types.js'

/** The member of the view that is meant: by its name, or by its life. @throws TuttiError if it is not in the view */
export function addressee(to: string | Member, view: View | null): Member {
  const isIt = ({ name, incarnation }: Member) =>
    typeof to === 'string' ? name === to : incarnation === to?.incarnation
  const member = view?.members.find(isIt)
  if (member !== undefined) return member
  const whom = typeof to === 'string' ? to : `${to?.name} of incarnation ${to?.incarnation}`
  throw new TuttiError('ERR_TUTTI_NOT_MEMBER', `no member ${whom} is in the view`)
}
