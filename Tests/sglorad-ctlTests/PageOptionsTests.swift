import ArgumentParser
import ErrorModel
import Foundation
import TestSupport
import Testing

@testable import sglorad_ctl

/// Where a page is written: a new file, one that may be replaced, or standard output.
@Suite struct PageOptionsTests {
    private static func options(_ arguments: String...) throws -> PageOptions {
        try PageOptions.parse(arguments)
    }

    @Test func aNewFileIsWrittenAndAnExistingOneIsNot() throws {
        let folder = try TemporaryFolder()
        let path = folder("page.html")
        let written = try Self.options("--html", path).destination(json: false)?.write("one", mode: 0o600)
        #expect(written == "Wrote \(path), 3 B.")
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        let error = refusal(.alreadyExists) { try Self.options("--html", path).destination(json: false) }
        #expect(error?.message.contains("--replace") == true)
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "one")
    }

    @Test func replacingIsSaid() throws {
        let folder = try TemporaryFolder()
        let path = folder("page.html")
        try Data("old".utf8).write(to: URL(filePath: path))
        let sentence = try Self.options("--html", path, "--replace").destination(json: false)?
            .write("new", mode: 0o600)
        #expect(sentence == "Replaced \(path), 3 B.")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder("")) == ["page.html"])
        refusal(.alreadyExists) {
            try Self.options("--html", folder(""), "--replace").destination(json: false)
        }
        refusal(.invalidFile) {
            try Self.options("--html", folder("none/page.html")).destination(json: false)
        }
    }

    @Test func standardOutputIsNotShared() throws {
        refusal(.invalidRequest) { try Self.options("--html", "-").destination(json: true) }
        #expect(throws: (any Error).self) { try Self.options("--replace") }
        #expect(throws: (any Error).self) { try Self.options("--html", "-", "--replace") }
        #expect(try Self.options().destination(json: true) == nil)
    }
}
