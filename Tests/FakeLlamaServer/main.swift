internal import Foundation
internal import Glibc
internal import StrictJSON

// A stand-in for llama-server in the tests: it takes the same options and calls, and answers by rule.
//
// Prompts have the form "Intents: a, b.\nUtterance: TEXT\nIntent:". Without an adapter it answers with the first label that is
// listed, with one adapter with the label that occurs in the text. Files beside the model steer it: with MODEL.limit it ends
// after so many completions, with MODEL.slow it takes a while for each. It appends the utterance of each completion to
// MODEL.calls, and its process identifier to MODEL.processes.

/// Ends the program with a message.
func fail(_ message: String) -> Never {
    FileHandle.standardError.write(Data("fake-llama-server: \(message)\n".utf8))
    exit(1)
}

/// The options that the tests give, each as often as it stands there.
struct Options {
    let values: [String: [String]]

    init(_ arguments: [String]) {
        var values: [String: [String]] = [:]
        var words = arguments[...]
        while let name = words.popFirst() {
            guard name.hasPrefix("--") else { fail("'\(name)' is no option") }
            let isFlag = ["--lora-init-without-apply", "--no-warmup"].contains(name)
            values[name, default: []].append(isFlag ? "" : words.popFirst() ?? "")
        }
        self.values = values
    }

    func one(_ name: String) -> String {
        guard let all = values[name], all.count == 1 else { fail("\(name) is needed once") }
        return all[0]
    }
}

struct Server {
    let model: String
    let adapters: [String]
    var completions = 0
    var healthCalls = 0

    init(_ options: Options) {
        model = options.one("--model")
        adapters = options.values["--lora"] == nil ? [] : options.one("--lora").components(separatedBy: ",")
        guard FileManager.default.fileExists(atPath: model) else { fail("there is no model \(model)") }
        guard options.one("--cache-ram") == "0" else { fail("prompts would be remembered") }
        guard adapters.isEmpty || options.values["--lora-init-without-apply"] != nil else {
            fail("the adapters would be applied to every request")
        }
        for adapter in adapters
        where (try? Data(contentsOf: URL(filePath: adapter)))?.prefix(4) != Data("GGUF".utf8) {
            fail("\(adapter) is no GGUF file")
        }
        guard Set(ProcessInfo.processInfo.environment.keys).isDisjoint(with: ["LLAMA_ARG_CTX_SIZE"]) else {
            fail("options come from the environment")
        }
        append("\(getpid())", to: "processes")
    }

    func steering(_ name: String) -> String? {
        try? String(contentsOfFile: "\(model).\(name)", encoding: .utf8)
    }

    func append(_ line: String, to name: String) {
        let descriptor = open("\(model).\(name)", O_WRONLY | O_CREAT | O_APPEND, 0o600)
        let bytes = Array("\(line)\n".utf8)
        _ = write(descriptor, bytes, bytes.count)
        close(descriptor)
    }

    /// The status and the body of the reply to a call.
    mutating func reply(to target: String, _ body: [UInt8]) -> (Int, String) {
        switch target {
        case "/health":
            healthCalls += 1
            return healthCalls > 2
                ? (200, "{\"status\":\"ok\"}")
                : (
                    503,
                    "{\"error\":{\"code\":503,\"message\":\"Loading model\",\"type\":\"unavailable_error\"}}"
                )
        case "/lora-adapters":
            let entries = adapters.enumerated().map { "{\"id\":\($0),\"path\":\"\($1)\",\"scale\":0}" }
            return (200, "[\(entries.joined(separator: ","))]")
        case "/completion": return complete(body)
        default: return (404, "{\"error\":{\"message\":\"no such call\"}}")
        }
    }

    private mutating func complete(_ body: [UInt8]) -> (Int, String) {
        if let limit = steering("limit").flatMap({ Int($0) }), completions >= limit {
            fail("the limit is reached")
        }
        if steering("slow") != nil { usleep(100_000) }
        completions += 1
        guard let call = try? JSONValue(parsing: body), let prompt = call["prompt"]?.string,
            let grammar = call["grammar"]?.string, call["cache_prompt"]?.bool == false,
            let match = prompt.firstMatch(of: /Intents: (.*)\.\nUtterance: (.*)\nIntent:/)
        else { return (400, "{\"error\":{\"message\":\"not as a test asks\"}}") }
        let labels = match.1.components(separatedBy: ", ")
        append(String(match.2), to: "calls")
        let scales = call["lora"]?.array?.map { $0["scale"]?.double ?? 0 } ?? []
        guard scales.count == adapters.count, scales.filter({ $0 != 0 }).count <= 1 else {
            return (400, "{\"error\":{\"message\":\"not one adapter\"}}")
        }
        let isAdapted = scales.contains(1)
        let label = (isAdapted ? labels.first { match.2.contains($0) } : nil) ?? labels[0]
        guard grammar.contains("\" \(label)\\x0A\"") else {
            return (400, "{\"error\":{\"message\":\"the grammar lacks a label\"}}")
        }
        var text = Array("{\"truncated\":false,\"content\":".utf8)
        JSONValue.write(" \(label)\n", to: &text)
        return (200, String(decoding: text, as: UTF8.self) + "}")
    }

    /// Answers one call on a connection.
    mutating func serve(_ connection: Int32) {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return }
            bytes += buffer.prefix(count)
            guard let end = Data(bytes).range(of: Data("\r\n\r\n".utf8)) else { continue }
            let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).components(
                separatedBy: "\r\n")
            let length = lines.compactMap { line in
                line.hasPrefix("Content-Length: ") ? Int(line.dropFirst(16)) : nil
            }
            guard bytes.count - end.upperBound >= length.first ?? 0 else { continue }
            let target = lines[0].components(separatedBy: " ")[1]
            let (status, body) = reply(to: target, Array(bytes[end.upperBound...]))
            let text =
                "HTTP/1.1 \(status) \(status == 200 ? "OK" : "Error")\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
            let all = Array(text.utf8)
            _ = send(connection, all, all.count, Int32(MSG_NOSIGNAL))
            return
        }
    }
}

let options = Options(Array(CommandLine.arguments.dropFirst()))
var server = Server(options)
let path = Array(options.one("--host").utf8)
var address = sockaddr_un()
address.sun_family = sa_family_t(AF_UNIX)
withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
let listening = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
let isBound = withUnsafePointer(to: address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listening, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
    }
}
guard isBound, listen(listening, 8) == 0 else { fail("the socket cannot be bound") }
while true {
    let connection = accept(listening, nil, nil)
    guard connection >= 0 else { continue }
    server.serve(connection)
    close(connection)
}
