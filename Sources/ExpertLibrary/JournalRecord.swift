internal import ErrorModel
internal import Files
internal import Foundation
internal import Glibc

/// An adapter as it stands in the journal: its manifest and the contents of its files.
///
/// The form: a head of one line with the length and the SHA-256 of the manifest, the manifest as JSON, and the files' contents
/// in the manifest's order. The manifest says each file's size and digest, so a record that was written in part, or in which a
/// byte has changed, is recognised.
struct JournalRecord: Sendable {
    let adapter: AdapterRecord
    /// The adapter's manifest, as it lies beside the folder.
    let manifest: [UInt8]
    /// The contents of the files, in the order of the adapter's.
    let contents: [[UInt8]]

    private static let mark = "sglorad-adapter"
    /// The mark, the length in sixteen digits, the digest, and a line's end.
    static let headBytes = mark.utf8.count + 1 + 16 + 1 + 64 + 1
    /// More than any manifest has.
    private static let mostManifestBytes = 16 << 20

    /// What precedes the contents.
    var opening: [UInt8] {
        let digits = String(manifest.count)
        let length = String(repeating: "0", count: max(0, 16 - digits.count)) + digits
        return Array("\(Self.mark) \(length) \(FileDigest.sha256(manifest))\n".utf8) + manifest
    }

    /// The record's length in bytes.
    var bytes: Int { Self.headBytes + manifest.count + contents.reduce(0) { $0 + $1.count } }

    /// The sound records of a journal, in their order; blocks.
    ///
    /// A record whose contents are not as its manifest says was not written to the end, or was damaged, and is left out; what
    /// follows a head that is neither is ignored.
    ///
    /// - Parameters:
    ///   - descriptor: the journal, open for reading.
    ///   - path: what errors call it.
    ///   - body: called with each record.
    /// - Throws: `storageFailure` where the journal cannot be read; what `body` throws.
    static func each(
        of descriptor: Int32, _ path: String, _ body: (JournalRecord) throws(SgloradError) -> Void
    ) throws(SgloradError) {
        var place = 0
        while let head = try read(headBytes, descriptor, at: place, path) {
            let words = String(decoding: head.dropLast(), as: UTF8.self).split(separator: " ")
            guard words.count == 3, words[0] == mark, let length = Int(words[1]),
                (1...mostManifestBytes).contains(length),
                let manifest = try read(length, descriptor, at: place + headBytes, path),
                FileDigest.sha256(manifest) == words[2],
                let adapter = Manifest.decode(AdapterRecord.self, Data(manifest))
            else { return }
            place += headBytes + length
            var contents: [[UInt8]] = []
            for file in adapter.files where Path.isPlainName(file.name) && Path.isPlainName(adapter.id) {
                guard let content = try read(file.bytes, descriptor, at: place, path) else { return }
                if FileDigest.sha256(content) == file.digest { contents.append(content) }
                place += file.bytes
            }
            guard contents.count == adapter.files.count else { continue }
            try body(JournalRecord(adapter: adapter, manifest: manifest, contents: contents))
        }
    }

    /// Reads so many bytes; nil where the file ends before.
    private static func read(
        _ count: Int, _ descriptor: Int32, at offset: Int, _ path: String
    ) throws(SgloradError) -> [UInt8]? {
        guard (0...1 << 30).contains(count) else { return nil }
        guard let bytes = FileBytes.read(count, at: offset, from: descriptor) else {
            throw .system(path, "the journal of adapters cannot be read", remedy: "Check the disk.")
        }
        return bytes.count == count ? bytes : nil
    }
}
