import ErrorModel
import Glibc

/// A text file that appears whole or not at all.
enum NewFile {
    /// Writes a text to a place that was free; throws `StorageFailure` where the disk refuses.
    static func write(_ text: String, to destination: ExportDestination) throws(SgloradError) {
        let temporary = destination.temporaryPath()
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw SystemCall.failure(destination.path, "cannot be made", errno) }
        defer { close(descriptor) }
        do throws(SgloradError) {
            try SystemCall.write(Array(text.utf8), to: descriptor, path: destination.path)
            try SystemCall.synchronise(descriptor, path: destination.path)
            // Something may have come to stand there meanwhile.
            _ = try ExportDestination(file: destination.path)
            guard rename(temporary, destination.path) == 0 else {
                throw SystemCall.failure(destination.path, "the file cannot get its name", errno)
            }
        } catch {
            unlink(temporary)
            throw error
        }
        try SystemCall.synchronise(folder: destination.parent)
    }
}
