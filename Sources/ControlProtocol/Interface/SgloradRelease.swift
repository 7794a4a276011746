/// What daemon and CLI say they are.
public enum SgloradRelease {
    /// The version, by semantic versioning.
    public static let version = "0.1.0"
    /// Who makes it.
    public static let vendor = "sglorad"
    /// Where the socket is where nothing else is said.
    public static let socketPath = "/run/sglorad/io.sglorad"
}
