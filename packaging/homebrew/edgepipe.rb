# A formula for Homebrew on macOS 15. It was not built here, where there is no macOS.
# Replace OWNER, and the checksum with the one of the tag's source archive, and put the file into a tap's Formula folder.
class Edgepipe < Formula
  desc "Turns Hugging Face models into quantized GGUF builds for phones"
  homepage "https://github.com/OWNER/edgepipe"
  url "https://github.com/OWNER/edgepipe/archive/refs/tags/v0.1.0.tar.gz"
  sha256 "0000000000000000000000000000000000000000000000000000000000000000"
  license "MIT"

  depends_on xcode: ["26.4", :build] # the first with Swift 6.3
  depends_on "pkgconf" => :build
  depends_on macos: :sequoia
  depends_on "zstd"

  uses_from_macos "python" => :build
  uses_from_macos "sqlite"

  def install
    system "swift", "build", "--disable-sandbox", "--configuration", "release", "--product", "edgepipe"
    system "make", "install-files", "PROGRAM=.build/release/edgepipe", "DESTDIR=", "PREFIX=#{prefix}"
    (pkgshare/"models").install Dir["models/*"]
    pkgshare.install "pipelines", "texts", "registry.db.example"
    doc.install "README.md", "NOTICE", "docs"
  end

  test do
    system bin/"edgepipe", "run", pkgshare/"pipelines/quickstart.yaml", "--registry", testpath/"registry.db"
    answer = shell_output("#{bin}/edgepipe query --registry #{testpath}/registry.db --ram 3GB --platform android")
    assert_match "Best: tiny-phi3@1.0.0", answer
  end
end
