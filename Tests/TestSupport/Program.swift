internal import Foundation
internal import Glibc
internal import Subprocess
internal import SystemPackage
internal import Testing

/// Runs programs to their end.
public enum Program {
    /// The result of a program.
    public struct Outcome: Sendable {
        /// The exit status, or 128 and the number of the signal that ended the program.
        public let status: Int32
        /// The standard output.
        public let output: String
        /// The standard error.
        public let error: String

        /// The standard output as a JSON object.
        public func json() throws -> [String: Any] {
            try #require(
                try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any],
                "\(output) \(error)")
        }

        /// The standard output, decoded from JSON.
        public func decode<T: Decodable>(_ type: T.Type) throws -> T {
            try JSONDecoder().decode(type, from: Data(output.utf8))
        }

        /// The standard output without its line feeds at the end.
        public var line: String { output.trimmingCharacters(in: .newlines) }
    }

    /// Runs a program.
    ///
    /// - Parameters:
    ///   - path: an absolute path, or a name that is looked up in `PATH`.
    ///   - environment: variables added to this process's own.
    public static func run(
        _ path: String, _ arguments: [String], input: String = "", environment: [String: String] = [:]
    ) async throws -> Outcome {
        // A file rather than a pipe: the program may end before it has read everything.
        let descriptor = try file(holding: input)
        let result = try await Subprocess.run(
            path.hasPrefix("/") ? .path(FilePath(path)) : .name(path), arguments: Arguments(arguments),
            environment: .inheriting(environment),
            input: .fileDescriptor(descriptor, closeAfterSpawningProcess: true),
            output: .string(limit: 64 << 20), error: .string(limit: 4 << 20))
        return Outcome(
            status: result.terminationStatus.shellStatus, output: result.standardOutput,
            error: result.standardError)
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

extension Environment {
    /// This process's environment with some variables added.
    static func inheriting(_ variables: [String: String]) -> Environment {
        var values: [Environment.Key: String?] = [:]
        for (name, value) in variables {
            if let key = Environment.Key(rawValue: name) { values[key] = value }
        }
        return .inherit.updating(values)
    }
}

extension TerminationStatus {
    /// The exit status, or 128 and the signal's number, as a shell reports it.
    var shellStatus: Int32 {
        switch self {
        case .exited(let code): code
        case .signaled(let signal): 128 + signal
        }
    }
}
