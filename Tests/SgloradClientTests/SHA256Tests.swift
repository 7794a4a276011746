import Files
import Testing

@testable import SgloradClient

/// The client's own SHA-256 against the one that the daemon uses.
@Suite("SHA-256")
struct SHA256Tests {
    @Test("digests of every length around a block, in one piece and in pieces, are those of swift-crypto")
    func lengths() {
        for length in [0, 1, 3, 54, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 1000, 4096] {
            let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ length) }
            var whole = SHA256()
            whole.update(bytes)
            var pieces = SHA256()
            for start in stride(from: 0, to: length, by: 7) {
                pieces.update(Array(bytes[start..<min(start + 7, length)]))
            }
            let expected = FileDigest.sha256(bytes)
            #expect(whole.finalise() == expected)
            #expect(pieces.finalise() == expected)
        }
    }

    @Test("the digest of \"abc\" is that of FIPS 180-4")
    func example() {
        var hash = SHA256()
        hash.update(Array("abc".utf8))
        #expect(hash.finalise() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }
}
