internal import ControlProtocol
internal import DurableStorage
internal import IntentQueue

extension SpoolIntent {
    /// What makes a repetition of a file known: the same name with the same content, from the same user.
    static func key(_ name: String, _ bytes: [UInt8]) -> IdempotencyKey {
        let digest = FileDigest.sha256(Array(name.utf8) + [0] + bytes)
        return IdempotencyKey(digest, content: Array(digest.utf8), origin: .spool)
    }
}
