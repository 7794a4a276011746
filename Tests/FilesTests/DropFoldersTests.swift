import ErrorModel
import Files
import Foundation
import Glibc
import TestSupport
import Testing

@Suite("Dropping a file among users who need not trust each other")
struct DropFoldersTests {
    private let root: TemporaryFolder

    init() throws {
        root = try TemporaryFolder()
        for name in ["tmp", "new"] {
            try FileManager.default.createDirectory(
                atPath: root(name), withIntermediateDirectories: true, attributes: [.posixPermissions: 0o1777]
            )
            #expect(chmod(root(name), 0o1777) == 0)
        }
    }

    private func names(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: root(folder)).sorted()
    }

    @Test func `a file is complete and private`() throws {
        try DropFolders(root.path).drop(Array("words".utf8), as: "a.json")
        var status = stat()
        #expect(lstat(root("new/a.json"), &status) == 0 && status.st_mode == S_IFREG | 0o600)
        #expect(try String(contentsOfFile: root("new/a.json"), encoding: .utf8) == "words")
        #expect(try names("tmp").isEmpty)
    }

    @Test(arguments: ["tmp", "new"], ["link", "dangling", "folder", "pipe", "file", "hard link"])
    func `nothing that is there already is opened, followed or replaced`(folder: String, kind: String) throws
    {
        let (place, other) = (root("\(folder)/a.json"), root("other"))
        try Data("kept".utf8).write(to: URL(filePath: other))
        switch kind {
        case "link": #expect(symlink(other, place) == 0)
        case "dangling": #expect(symlink(root("nowhere"), place) == 0)
        case "folder": #expect(mkdir(place, 0o777) == 0)
        case "pipe": #expect(mkfifo(place, 0o666) == 0)
        case "hard link": #expect(link(other, place) == 0)
        default: try Data("kept".utf8).write(to: URL(filePath: place))
        }
        let error = #expect(throws: SgloradError.self) {
            try DropFolders(root.path).drop(Array("words".utf8), as: "a.json")
        }
        #expect(error?.code == .storageFailure)
        #expect(try String(contentsOfFile: other, encoding: .utf8) == "kept")
        #expect(!FileManager.default.fileExists(atPath: root("nowhere")))
        #expect(try names(folder) == ["a.json"])
        #expect(try names(folder == "tmp" ? "new" : "tmp").isEmpty)
        if kind == "folder" { #expect(try names("\(folder)/a.json").isEmpty) }
    }

    @Test func `folders that others can change are refused`() throws {
        #expect(chmod(root("new"), 0o777) == 0)
        let sticky = #expect(throws: SgloradError.self) { _ = try DropFolders(root.path) }
        #expect(sticky?.message.contains("sticky") == true)
        #expect(chmod(root("new"), 0o1777) == 0 && chmod(root.path, 0o777) == 0)
        let open = #expect(throws: SgloradError.self) { _ = try DropFolders(root.path) }
        #expect(open?.message.contains("replace") == true)
        #expect(chmod(root.path, 0o700) == 0 && rename(root("tmp"), root("old")) == 0)
        #expect(symlink(root("old"), root("tmp")) == 0)
        #expect(throws: SgloradError.self) { _ = try DropFolders(root.path) }
    }
}
