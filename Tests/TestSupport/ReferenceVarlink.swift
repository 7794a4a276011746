public import Foundation
internal import Testing

/// Python's `varlink` package, the reference implementation of the protocol.
///
/// Scripts/python.sh installs it.
public enum ReferenceVarlink {
    /// A Python interpreter that has the package: `$SGLORAD_PYTHON`, the one of Scripts/python.sh, or the system's.
    public static let python: String? = {
        let given = ProcessInfo.processInfo.environment["SGLORAD_PYTHON"]
        let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let own = repository.appending(path: ".build-python/bin/python").path(percentEncoded: false)
        return [given, own, "/usr/bin/python3"].compactMap { $0 }.first { candidate in
            guard FileManager.default.isExecutableFile(atPath: candidate),
                let process = try? start(candidate, ["-c", "import varlink.tests.test_certification"])
            else { return false }
            process.waitUntilExit()
            return process.terminationStatus == 0
        }
    }()

    /// Starts the interpreter.
    public static func start(_ arguments: [String], output: Pipe? = nil) throws -> Process {
        try start(try #require(python), arguments, output: output)
    }

    private static func start(_ python: String, _ arguments: [String], output: Pipe? = nil) throws -> Process
    {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: python)
        process.arguments = arguments
        process.standardOutput = output ?? FileHandle.nullDevice
        process.standardError = output ?? FileHandle.nullDevice
        try process.run()
        return process
    }

    /// Runs a script and returns what it prints.
    public static func output(of script: String, _ arguments: [String] = []) throws -> String {
        let pipe = Pipe()
        let process = try start(["-c", script] + arguments, output: pipe)
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: data, as: UTF8.self)
    }

    /// The definition of `org.varlink.certification` that the package contains.
    public static func certification() throws -> String {
        try output(
            of: "import varlink.tests as t, os; print(open(os.path.join(os.path.dirname(t.__file__),"
                + " 'org.varlink.certification.varlink')).read())")
    }
}
