import ErrorModel
import Files
import Foundation
import Glibc
import TestSupport
import Testing

/// Whether this process may mount a file system, which not every root may.
private let canMount: Bool = {
    guard geteuid() == 0, let folder = try? TemporaryFolder(),
        mount("tmpfs", folder.path, "tmpfs", 0, "size=1m") == 0
    else { return false }
    return umount2(folder.path, 2) == 0
}()

/// The reserve on a real file system of three megabytes; needs root to mount it.
@Suite("Disk reserve", .enabled(if: canMount, "needs root and the right to mount"))
struct DiskReserveTests {
    @Test func `the reserve gives its room to what frees space, and is made again`() throws {
        let folder = try TemporaryFolder()
        let disk = folder("disk")
        #expect(mkdir(disk, 0o700) == 0)
        try #require(mount("tmpfs", disk, "tmpfs", 0, "size=3m") == 0)
        defer { umount2(disk, 2) }
        let state = try StateDirectory(root: disk)
        let reserve = DiskReserve(state)
        reserve.ensure()
        var status = stat()
        #expect(stat(state.closed + "/reserve", &status) == 0 && status.st_blocks >= 3 * 1024 * 2 / 16)
        fill(disk + "/filler")
        func write() throws(SgloradError) { try DurableFile.write([1, 2, 3], to: disk + "/freeing") }
        let full = refusal(.storageFailure) { try write() }
        #expect(full?.message.contains("Free space") == true)
        try reserve.use { () throws(SgloradError) in try write() }
        #expect(FileManager.default.fileExists(atPath: disk + "/freeing"))
        // What is left is taken back at once.
        var rest = stat()
        #expect(stat(state.closed + "/reserve", &rest) == 0 && rest.st_blocks < status.st_blocks)
        #expect(unlink(disk + "/filler") == 0)
        reserve.ensure()
        #expect(FileManager.default.fileExists(atPath: state.closed + "/reserve"))
    }

    @Test func `a failure that is not for want of room is not repeated`() throws {
        let folder = try TemporaryFolder()
        let reserve = DiskReserve(try StateDirectory(root: folder("state")))
        reserve.ensure()
        var count = 0
        let error = refusal(.storageFailure) {
            try reserve.use { () throws(SgloradError) in
                count += 1
                throw .storageFailure("file", "it broke")
            }
        }
        #expect(error != nil && count == 1)
    }

    private func fill(_ path: String) {
        let descriptor = open(path, O_WRONLY | O_CREAT, 0o600)
        defer { close(descriptor) }
        let block = [UInt8](repeating: 7, count: 4096)
        while Glibc.write(descriptor, block, block.count) > 0 {}
    }
}
