import ErrorModel
import Glibc

/// A file that another program reads while it is written anew: it has the old content or the new, never a part.
enum ReplacedFile {
    /// Writes the content beside the file and renames it over; everybody may read it.
    static func write(_ bytes: [UInt8], to path: String) throws(SgloradError) {
        let temporary = "\(path).\(getpid()).tmp"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else { throw SystemCall.failure(path, "cannot be written", errno) }
        defer { close(descriptor) }
        do throws(SgloradError) {
            try SystemCall.write(bytes, to: descriptor, path: path)
            try SystemCall.synchronise(descriptor, path: path)
            guard rename(temporary, path) == 0 else {
                throw SystemCall.failure(path, "the file cannot get its name", errno)
            }
        } catch {
            unlink(temporary)
            throw error
        }
    }
}
