import ErrorModel
import Foundation
import Glibc
import SgloradInterface
import TestSupport
import Testing
import Varlink

@testable import sglorad_ctl

/// Checks of export paths, and exports of generators.
@Suite struct ExportDestinationTests {
    private func code(folder: String) -> SgloradError.Code? {
        #expect(throws: SgloradError.self) { try ExportDestination(folder: folder) }?.code
    }

    @Test func existingPathsAreRejected() throws {
        let folder = try TemporaryFolder()
        try folder.write("x", to: "full/file")
        try folder.write("x", to: "file")
        try #require(symlink("nowhere", folder("dangling")) == 0)
        for name in ["full", "full/", "file", "dangling", "full/.."] {
            #expect(code(folder: folder(name)) == .alreadyExists, "\(name)")
        }
        #expect(code(folder: "/") == .alreadyExists)
        #expect(code(folder: ".") == .alreadyExists)
    }

    @Test func parentFolderMustExist() throws {
        let folder = try TemporaryFolder()
        try folder.write("x", to: "file")
        #expect(code(folder: folder("none/out")) == .invalidFile)
        #expect(code(folder: folder("file/out")) == .invalidFile)
        #expect(code(folder: "") == .invalidFile)
    }

    @Test func linkToAnEmptyFolderIsResolved() throws {
        let folder = try TemporaryFolder()
        try folder.makeFolder("real")
        try #require(symlink("real", folder("link")) == 0)
        let destination = try ExportDestination(folder: folder("link"))
        #expect(destination.path.hasSuffix("/real"))
        #expect(destination.path == "\(destination.parent)/real")
    }

    @Test func relativeNameIsInTheCurrentFolder() throws {
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

    @Test func generatorIsWrittenCompletely() async throws {
        let folder = try TemporaryFolder()
        let bytes = try await IncomingFile.writeGenerator(
            replies([.init(offset: 0, chunk: "YWJj"), .init(offset: 3, chunk: "ZGVm", last: true)]),
            to: try ExportDestination(file: folder("g")))
        #expect(bytes == 6)
        #expect(try folder.text("g") == "abcdef")
        #expect(try folder.names == ["g"])
        #expect(throws: SgloradError.self) { try ExportDestination(file: folder("g")) }
    }

    @Test func incompleteGeneratorLeavesNothingBehind() async throws {
        let folder = try TemporaryFolder()
        for chunks in [
            [Methods.ExportGenerator.Reply(offset: 0, chunk: "YWJj")],
            [.init(offset: 1, chunk: "YWJj", last: true)], [],
        ] {
            let error = await #expect(throws: SgloradError.self) {
                try await IncomingFile.writeGenerator(
                    replies(chunks), to: try ExportDestination(file: folder("g")))
            }
            #expect(error?.code == .invalidFile)
        }
        #expect(try folder.names == [])
    }

    @Test func fileCreatedMeanwhileIsNotOverwritten() async throws {
        let folder = try TemporaryFolder()
        let destination = try ExportDestination(file: folder("g"))
        try folder.write("mine", to: "g")
        let error = await #expect(throws: SgloradError.self) {
            try await IncomingFile.writeGenerator(
                replies([.init(offset: 0, chunk: "YWJj", last: true)]), to: destination)
        }
        #expect(error?.code == .alreadyExists)
        #expect(try folder.text("g") == "mine")
        #expect(try folder.names == ["g"])
    }
}
