/// A hash of text that is the same in every process: FNV-1a, 64 bits (RFC 9923), over its UTF-8.
///
/// It gives a name a stream of random numbers of its own; Swift's own hashes differ from run to run.
public enum StableHash {
    /// The hash of a text.
    public static func of(_ text: String) -> UInt64 {
        text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
    }
}
