/** Bounds that every member of every release keeps, so that one hostile or broken datagram cannot cost much. */

export const NAME_BYTES_MAX = 255
export const MEMBERS_MAX = 4096
/** What a view may set as the size of a message at most: 1 GiB. */
export const MESSAGE_BYTES_MAX = 1_073_741_824
/** Packets in one train: the kernel's own limit, and the largest UDP payload. */
export const TRAIN_PACKETS_MAX = 64
export const TRAIN_BYTES_MAX = 65_507
export const PACKET_BYTES_MIN = 512
/** Ranges that one NACK names at most; what is left is asked for once these are filled. */
export const NACK_RANGES_MAX = 256
/** Fragments of one control message: enough for a view of MEMBERS_MAX members. */
export const CONTROL_FRAGMENTS_MAX = 1024
