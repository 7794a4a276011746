import ControlProtocol
import ErrorModel
import Foundation
import Glibc
import Testing

@testable import sglorad_ctl

@Suite struct ExportDestinationTests {
    private func code(folder: String) -> SgloradError.Code? {
        #expect(throws: SgloradError.self) { try ExportDestination(folder: folder) }?.code
    }

    @Test func whatStandsThereIsAnErrorBeforeAnythingIsAskedFor() throws {
        let folder = try TemporaryFolder()
        try folder.write("x", "full/file")
        try folder.write("x", "file")
        try #require(symlink("nowhere", folder("dangling")) == 0)
        for name in ["full", "full/", "file", "dangling", "full/.."] {
            #expect(code(folder: folder(name)) == .alreadyExists, "\(name)")
        }
        #expect(code(folder: "/") == .alreadyExists)
        #expect(code(folder: ".") == .alreadyExists)
    }

    @Test func aFolderAroundItIsNeeded() throws {
        let folder = try TemporaryFolder()
        try folder.write("x", "file")
        #expect(code(folder: folder("none/out")) == .invalidFile)
        #expect(code(folder: folder("file/out")) == .invalidFile)
        #expect(code(folder: "") == .invalidFile)
    }

    @Test func anEmptyFolderBehindALinkIsTheRealOne() throws {
        let folder = try TemporaryFolder()
        try folder.makeFolder("real")
        try #require(symlink("real", folder("link")) == 0)
        let destination = try ExportDestination(folder: folder("link"))
        #expect(destination.path.hasSuffix("/real"))
        #expect(destination.temporaryPath().hasPrefix(destination.parent + "/."))
        #expect(destination.temporaryPath() != destination.temporaryPath())
    }

    @Test func aRelativeNameStandsInThePresentFolder() throws {
        let destination = try ExportDestination(folder: "sglorad-ctl-no-such-name")
        #expect(destination.parent == ".")
        #expect(try ExportDestination(folder: "/sglorad-ctl-no-such-name").parent == "/")
    }

    private func replies(_ replies: [Methods.ExportGenerator.Reply]) -> AsyncThrowingStream<
        Methods.ExportGenerator.Reply, any Error
    > {
        AsyncThrowingStream { continuation in
            for reply in replies { continuation.yield(reply) }
            continuation.finish()
        }
    }

    @Test func aGeneratorsFileAppearsWhole() async throws {
        let folder = try TemporaryFolder()
        let bytes = try await GeneratorFileWriter.write(
            replies([.init(offset: 0, chunk: "YWJj"), .init(offset: 3, chunk: "ZGVm", last: true)]),
            to: try ExportDestination(file: folder("g")))
        #expect(bytes == 6)
        #expect(try folder.text("g") == "abcdef")
        #expect(try folder.names() == ["g"])
        #expect(throws: SgloradError.self) { try ExportDestination(file: folder("g")) }
    }

    @Test func aGeneratorWithAHoleOrWithoutEndLeavesNothingBehind() async throws {
        let folder = try TemporaryFolder()
        for chunks in [
            [Methods.ExportGenerator.Reply(offset: 0, chunk: "YWJj")],
            [.init(offset: 1, chunk: "YWJj", last: true)], [],
        ] {
            let error = await #expect(throws: SgloradError.self) {
                try await GeneratorFileWriter.write(
                    replies(chunks), to: try ExportDestination(file: folder("g")))
            }
            #expect(error?.code == .invalidFile)
        }
        #expect(try folder.names() == [])
    }
}
