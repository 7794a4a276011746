import Foundation
import Glibc
import Subprocess
import SystemPackage
import Testing

/// What a program that ran to its end left behind.
struct Outcome: Sendable {
    let status: Int32
    let output: String
    let error: String

    /// The standard output as a JSON object.
    func json() throws -> [String: Any] {
        try #require(
            try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any], "\(output) \(error)")
    }

    /// The standard output as a value.
    func decode<T: Decodable>(_ type: T.Type) throws -> T {
        try JSONDecoder().decode(type, from: Data(output.utf8))
    }
}

/// Runs one of our programs, or another, to its end.
enum Program {
    static func run(
        _ path: String, _ arguments: [String], input: String = "", environment: [String: String] = [:]
    ) async throws -> Outcome {
        var values: [Environment.Key: String] = [:]
        for (key, value) in environment {
            if let key = Environment.Key(rawValue: key) { values[key] = value }
        }
        // A file and not a pipe: the program may well end before it has read everything.
        let descriptor = try Self.file(holding: input)
        let result = try await Subprocess.run(
            path.hasPrefix("/") ? .path(FilePath(path)) : .name(path), arguments: Arguments(arguments),
            environment: .inherit.updating(values.mapValues { Optional($0) }),
            input: .fileDescriptor(descriptor, closeAfterSpawningProcess: true),
            output: .string(limit: 64 << 20), error: .string(limit: 4 << 20))
        let status: Int32
        switch result.terminationStatus {
        case .exited(let code): status = code
        case .signaled(let signal): status = 128 + signal
        }
        return Outcome(
            status: status, output: result.standardOutput, error: result.standardError)
    }

    private static func file(holding text: String) throws -> FileDescriptor {
        let path = FilePath("/tmp/sgl-input-\(UUID().uuidString)")
        let descriptor = try FileDescriptor.open(
            path, .readWrite, options: [.create, .exclusiveCreate], permissions: [.ownerReadWrite])
        unlink(path.string)
        try descriptor.writeAll(text.utf8)
        try descriptor.seek(offset: 0, from: .start)
        return descriptor
    }
}
