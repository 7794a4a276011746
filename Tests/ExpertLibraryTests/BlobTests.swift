import ErrorModel
import ExpertLibrary
import Files
import Foundation
import Storage
import TestSupport
import Testing

@Suite("Blobs")
struct BlobTests {
    private let place: TemporaryLibrary
    private let blobs: BlobStore

    init() throws {
        place = try TemporaryLibrary()
        blobs = BlobStore(place.state)
    }

    private func store(_ bytes: [UInt8], manifest: String = "m") throws -> (digest: String, bytes: Int) {
        try blobs.store { descriptor throws(SgloradError) in
            try FileBytes.append(bytes, to: descriptor, path: "test")
        } manifest: {
            ["kind": manifest, "digest": $0, "bytes": "\($1)"]
        }
    }

    @Test func `a blob is named by its content, with a manifest beside it`() throws {
        let stored = try store(Array("abc".utf8))
        let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        #expect(stored.digest == digest && stored.bytes == 3)
        #expect(try place.files(under: place.state.blobs) == ["ba/\(digest)", "ba/\(digest).json"])
        #expect(blobs.path(of: digest) == "\(place.state.blobs)/ba/\(digest)")
        #expect(try Data(contentsOf: URL(filePath: blobs.path(of: digest))) == Data("abc".utf8))
        let manifest = try JSONDecoder().decode(
            [String: String].self, from: Data(contentsOf: URL(filePath: blobs.manifestPath(of: digest))))
        #expect(manifest == ["kind": "m", "digest": digest, "bytes": "3"])
        #expect(try place.files(under: place.state.temporary).isEmpty)
    }

    @Test func `the same content is one blob, with the newer manifest`() throws {
        let first = try store([1, 2, 3], manifest: "first")
        let second = try store([1, 2, 3], manifest: "second")
        #expect(first.digest == second.digest)
        #expect(try place.files(under: place.state.blobs).count == 2)
        let manifest = try String(contentsOfFile: blobs.manifestPath(of: first.digest), encoding: .utf8)
        #expect(manifest.contains("second"))
        #expect(try store([1, 2, 4]).digest != first.digest)
    }

    @Test func `a failed store leaves nothing behind`() throws {
        let error = refusal(.internal) {
            _ = try blobs.store { descriptor throws(SgloradError) in
                try FileBytes.append([1, 2, 3], to: descriptor, path: "test")
                throw .internal("enough")
            } manifest: {
                "\($0) \($1)"
            }
        }
        #expect(error?.parameters["reason"] == .string("enough"))
        // A manifest that cannot be written: JSON knows no NaN.
        _ = refusal(.internal) {
            _ = try blobs.store { descriptor throws(SgloradError) in
                try FileBytes.append([1, 2, 3], to: descriptor, path: "test")
            } manifest: { _, _ in
                Double.nan
            }
        }
        #expect(try place.files(under: place.state.blobs).isEmpty)
        #expect(try place.files(under: place.state.temporary).isEmpty)
    }

    @Test func `a blob is removed with its manifest; removing it twice is harmless`() throws {
        let digest = try store([1]).digest
        let other = try store([2]).digest
        blobs.remove(digest)
        blobs.remove(digest)
        #expect(
            try place.files(under: place.state.blobs).map { String($0.dropFirst(3)) }
                == [other, other + ".json"])
    }
}
