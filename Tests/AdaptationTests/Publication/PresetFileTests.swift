import ErrorModel
import Files
import Foundation
import TestSupport
import Testing

@testable import Adaptation

@Suite("The preset file")
struct PresetFileTests {
    private let folder: TemporaryFolder
    private let state: StateDirectory

    init() throws {
        folder = try TemporaryFolder()
        state = try StateDirectory(root: folder("state"))
    }

    private let preset = PresetFile(
        arguments: PresetArgument.standard,
        sections: [
            .init(name: "1001-mail", model: "/srv/a model.gguf", lora: "/srv/b/adapter_model.gguf"),
            .init(name: "travel", model: "/srv/m.gguf", lora: "/srv/a/adapter_model.gguf"),
        ])

    @Test func `it has a section for all names, and one for each`() throws {
        #expect(
            preset.text == """
                ; Written by sglorad, anew at each change of a published name: what is changed here is lost.

                [*]
                ctx-size = 4096
                stop-timeout = 10

                [1001-mail]
                model = /srv/a model.gguf
                lora = /srv/b/adapter_model.gguf

                [travel]
                model = /srv/m.gguf
                lora = /srv/a/adapter_model.gguf

                """)
    }

    @Test func `what reads it as llama-server does finds what was written`() throws {
        let path = folder("preset.ini")
        try preset.write(to: path, state, evenUnchanged: false)
        let router = try RouterStandIn(at: folder("llama.sock"), preset: path)
        #expect(router.names == ["1001-mail", "travel"])
        #expect(
            router.arguments(of: "1001-mail") == [
                "model": "/srv/a model.gguf", "lora": "/srv/b/adapter_model.gguf", "ctx-size": "4096",
                "stop-timeout": "10",
            ])
        router.stop()
    }

    @Test(arguments: [
        "a\nb", "a\r", "a;b", "a#b", " a", "a ", "", "a\u{85}b", "a\u{2028}b", "a\0b",
        "/m.gguf\n[other]\nmodel = /x",
    ])
    func `a text that would end a value is no value`(_ text: String) {
        #expect(PresetFile.obstacle(toValue: text) != nil)
        refusal(.invalidRequest) { try PresetArgument("ctx-size=1\(text)1;", key: "k") }
    }

    @Test func `a comma begins another adapter, and is part of a model's path`() {
        #expect(PresetFile.obstacle(toValue: "/srv/a,b.gguf") == nil)
        #expect(PresetFile.obstacle(toAdapter: "/srv/a,b/adapter_model.gguf") != nil)
        #expect(PresetFile.obstacle(toAdapter: "/srv/\"b/adapter_model.gguf") != nil)
        #expect(PresetFile.obstacle(toAdapter: "/srv/ä b/[x]/adapter_model.gguf") == nil)
    }

    @Test func `arguments are names and values, and not those of each name`() throws {
        for text in ["ctx-size=2048", "ctx-size = 2048", "  ctx-size=2048  "] {
            let argument = try PresetArgument(text, key: "k")
            #expect(argument.name == "ctx-size" && argument.value == "2048")
        }
        #expect(try PresetArgument("cache-type-k=q8_0", key: "k").value == "q8_0")
        for text in [
            "ctx-size", "--ctx-size=1", "=1", "a=", "model=/x", "lora=/x", "alias=a", "host=0.0.0.0",
            "port=1", "A=1",
            "a b=1", "a]=1",
        ] {
            let error = refusal(.invalidRequest) {
                try PresetArgument(text, key: "publish.llamaServer.arguments")
            }
            #expect(error?.parameters["field"] == .string("publish.llamaServer.arguments"))
        }
    }

    @Test func `it is replaced as a whole, and not written where nothing has changed`() throws {
        let path = folder("presets/preset.ini")
        try preset.write(to: path, state, evenUnchanged: false)
        func inode() throws -> Int? {
            try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int
        }
        let first = try inode()
        // Whoever has it open goes on reading the old one.
        let open = try FileHandle(forReadingFrom: URL(filePath: path))
        try preset.write(to: path, state, evenUnchanged: false)
        #expect(try inode() == first)
        try PresetFile(arguments: [], sections: []).write(to: path, state, evenUnchanged: false)
        #expect(try inode() != first)
        #expect(try open.readToEnd() == Data(preset.text.utf8))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder("presets")) == ["preset.ini"])
        try preset.write(to: path, state, evenUnchanged: true)
        #expect(try String(contentsOfFile: path, encoding: .utf8) == preset.text)
    }

    @Test func `where it cannot be written, the old one stays and nothing else`() throws {
        let path = folder("preset.ini")
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        refusal(.storageFailure) { try preset.write(to: path, state, evenUnchanged: false) }
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == [
                "preset.ini", "state",
            ])
    }
}
