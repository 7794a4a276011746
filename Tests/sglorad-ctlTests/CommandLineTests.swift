import ArgumentParser
import Testing

@testable import sglorad_ctl

/// Parsing of command lines, without a daemon.
@Suite struct CommandLineTests {
    @Test func requestParsesAllOptions() throws {
        let words = [
            "request", "-", "--base", "b", "--strategy", "sg-lora", "--top-k", "4", "--temperature", "0.05",
            "--proximity", "centred", "--seed", "9007199254740991", "--format", "gguf-f16,peft", "--label",
            "l",
            "--force",
            "-o", "out", "--socket", "/s", "--json",
        ]
        let command = try #require(try SgloradControl.parseAsRoot(words) as? RequestCommand)
        #expect(command.text == "-")
        #expect(command.base.base == "b")
        #expect(command.strategy == .sgLora)
        #expect(command.guidance.topK == 4)
        #expect(command.guidance.temperature == 0.05)
        #expect(command.guidance.proximity == .centred)
        #expect(command.seed == 9_007_199_254_740_991)
        #expect(command.format?.names == ["peft", "gguf-f16"])
        #expect(command.label == "l")
        #expect(command.force)
        #expect(command.output == "out")
        #expect(command.connection.path == "/s")
        #expect(command.connection.json)
    }

    @Test(arguments: [
        ["request"], ["request", "x", "--strategy", "best"], ["request", "x", "--temperature", "nan"],
        ["explain", "x", "--temperature", "inf"], ["request", "x", "--top-k", "four"], ["nonsense"],
        ["expert", "import"], ["expert", "import", "a", "b", "--name", "n"],
        ["expert", "import", "a", "b", "--description", "d"], ["adapter", "export", "id"],
        ["generator", "export", "id"], ["request", "x", "--format", "onnx"],
        ["request", "x", "--format", "peft,"], ["base", "add", "x"],
    ])
    func usageErrorsExitWith64(_ words: [String]) {
        let error = #expect(throws: (any Error).self) { try SgloradControl.parseAsRoot(words) }
        if let error { #expect(SgloradControl.exitCode(for: error).rawValue == 64) }
    }

    @Test func socketHasADefault() throws {
        let connection = try Connection.parse([])
        #expect(connection.path == Environment["SGLORAD_SOCKET"] ?? "/run/sglorad/io.sglorad")
    }

    @Test(arguments: ["bash", "zsh", "fish"])
    func completionScriptsAreGenerated(_ shell: String) throws {
        let completion = try #require(CompletionShell(rawValue: shell))
        let script = SgloradControl.completionScript(for: completion)
        #expect(script.contains("statistics"))
        #expect(script.contains("sg-lora"))
    }
}
