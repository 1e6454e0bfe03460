import type { Member, View, ViewChange } from '../types.js'
import type { AgreedView } from '../wire/view-codec.js'

/** A view as the application sees it. */
export function publish({ lineage, id, members, primary }: AgreedView): View {
  const published = members.map(({ name, incarnation, endpoint, voter }) =>
    Object.freeze({ name, incarnation, endpoint: Object.freeze({ ...endpoint }), voter }),
  )
  // The engine finds members by their place in it.
  return Object.freeze({ lineage, id, members: Object.freeze(published), primary })
}

/** What is new in `view` for a member whose view before was `last`. */
export function changeOf(last: { readonly published: View; readonly isOver: boolean } | null, view: View): ViewChange {
  const has = (members: readonly Member[], { incarnation }: Member) =>
    members.some(member => member.incarnation === incarnation)
  const old = last?.published.members ?? []
  const { members } = view
  // From a lineage that ended each finds its own way into another, and nobody knows who else got to the end of it.
  const isShared = last?.isOver === true && last.published.lineage === view.lineage
  return {
    joined: members.filter(member => !has(old, member)),
    left: old.filter(member => !has(members, member)),
    stayed: isShared ? members.filter(member => has(old, member)) : [],
  }
}
