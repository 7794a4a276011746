import ControlProtocol
import ErrorModel
import Glibc

/// Writes a generator's file, which appears whole or not at all.
enum GeneratorFileWriter {
    /// Writes the replies of ExportGenerator and returns how many bytes they hold.
    ///
    /// Throws `InvalidFile` where the replies have a hole or no end, `StorageFailure` where the disk refuses.
    static func write<Replies: AsyncSequence>(
        _ replies: Replies, to destination: ExportDestination, progress: (Int) -> Void = { _ in }
    ) async throws -> Int where Replies.Element == Methods.ExportGenerator.Reply {
        let temporary = destination.temporaryPath()
        var file = try IncomingFile(path: temporary, name: destination.path)
        do {
            var isComplete = false
            for try await reply in replies {
                try file.append(chunk: reply.chunk, offset: reply.offset)
                progress(file.bytes)
                isComplete = reply.last == true
            }
            guard isComplete else {
                throw SgloradError.invalidFile(
                    destination.path, "the daemon sent only a part of the generator; export it again.")
            }
            try file.synchronise()
            // Something may have come to stand there meanwhile.
            _ = try ExportDestination(file: destination.path)
            guard rename(temporary, destination.path) == 0 else {
                throw SystemCall.failure(destination.path, "the file cannot get its name", errno)
            }
        } catch {
            file.abandon()
            throw error
        }
        let bytes = file.bytes
        file.close()
        try SystemCall.synchronise(folder: destination.parent)
        return bytes
    }
}
