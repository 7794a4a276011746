internal import ErrorModel
internal import Files
internal import Glibc
internal import Synchronization

/// A file beside the queue that says how many requests were submitted, so that a queue that has become shorter is noticed.
///
/// It is written after each commit and is not synchronised: after a power cut it may be behind the database, but is never
/// ahead of it, unless the database, or its write-ahead log, has lost what was committed.
final class SubmissionWitness: Sendable {
    private let path: String
    private let written = Mutex(0)

    init(beside database: String) {
        path = database + ".count"
    }

    /// The last number that was acknowledged; nil where there is no usable file.
    ///
    /// Blocks.
    var acknowledged: Int? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        guard let bytes = try? FileBytes.read(64, from: descriptor, path: path) else { return nil }
        let words = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        // Written twice: a damaged one must not be taken for a loss.
        guard words.count == 2, words[0] == words[1] else { return nil }
        return Int(words[0])
    }

    /// Records the number of the last request that was committed; an older one than before is ignored.
    ///
    /// A number that cannot be written is no failure: the next one says as much.
    func record(_ number: Int) {
        written.withLock { written in
            guard number > written else { return }
            written = number
            write(number)
        }
    }

    /// Begins with a number, whatever the file said.
    func restart(at number: Int) {
        written.withLock { written in
            written = number
            write(number)
        }
    }

    private func write(_ number: Int) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let digits = String(number)
        let line = String(repeating: "0", count: max(0, 19 - digits.count)) + digits + "\n"
        let bytes = Array((line + line).utf8)
        _ = pwrite(descriptor, bytes, bytes.count, 0)
    }
}
