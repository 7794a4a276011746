internal import ErrorModel
internal import Files
internal import Glibc

/// Runs a short command of the system, found in `PATH`, without a shell.
enum SystemCommand {
    struct Outcome: Sendable {
        /// The exit status; 128 and the signal's number where one ended it.
        let status: Int32
        /// Standard output and standard error together, at most 64 KiB.
        let output: String
    }

    /// Runs a command to its end; blocks.
    ///
    /// - Throws: `storageFailure` where it cannot be started.
    static func run(_ words: [String]) throws(SgloradError) -> Outcome {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw .system("/", "no pipe can be made") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO)
        // Nothing of the caller's environment but the path decides what happens or how it is printed.
        let variables = ["PATH=\(Environment["PATH"] ?? "/usr/sbin:/usr/bin")", "LC_ALL=C"]
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
        var environment: [UnsafeMutablePointer<CChar>?] = variables.map { strdup($0) }
        defer { for text in arguments + environment { free(text) } }
        arguments.append(nil)
        environment.append(nil)
        var process: pid_t = 0
        let number = posix_spawnp(&process, words[0], &actions, nil, &arguments, &environment)
        close(ends[1])
        defer { close(ends[0]) }
        guard number == 0 else {
            throw .storageFailure(words[0], "it cannot be started: \(SgloradError.systemReason(number)).")
        }
        let output = (try? FileBytes.read(64 << 10, from: ends[0], path: words[0])) ?? []
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        let signal = status & 0x7F
        return Outcome(
            status: signal == 0 ? (status >> 8) & 0xFF : 128 + signal,
            output: String(decoding: output, as: UTF8.self))
    }
}
