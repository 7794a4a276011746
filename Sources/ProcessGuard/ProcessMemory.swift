internal import CLinux
internal import CProcess
public import ErrorModel
internal import Glibc

/// The memory of this process, which holds texts of users: it must not be written anywhere if the process
/// crashes.
public enum ProcessMemory {
    /// Disables core dumps of this process and its children, reports of crashes, and tracing by other processes
    /// of the same user.
    ///
    /// The crash report of Swift's runtime shows the memory behind each register, and with it parts of a text.
    /// The runtime installs it before `main`, unless `SWIFT_BACKTRACE` contains `enable=no`. A crash then ends
    /// the process as it does any other program: the parent sees the signal, and nothing is written.
    ///
    /// - Throws: `internal` if a system call fails.
    public static func keepPrivate() throws(SgloradError) {
        sglorad_silence_crashes()
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        guard setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none) == 0, sglorad_deny_dumps() == 0
        else {
            throw .internal("core dumps cannot be disabled: \(String(cString: strerror(errno)))")
        }
    }

    /// Overwrites this program's arguments from the second on, where every user of the machine could read
    /// them in the list of processes.
    ///
    /// - Returns: the arguments, without the program's name.
    public static func takeArguments() -> [String] {
        let arguments = Array(CommandLine.arguments.dropFirst())
        sglorad_hide_arguments()
        return arguments
    }
}
