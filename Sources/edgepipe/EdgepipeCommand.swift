import Pipeline

@main
struct EdgepipeCommand {
    static func main() {}
}
