import java.io.File
import java.io.IOException
import java.io.RandomAccessFile
import java.net.HttpURLConnection
import java.net.URL
import java.security.MessageDigest
import org.json.JSONObject

/**
 * Makes the new file of a model out of the one that the app has, and fetches by Range what changed.
 *
 * The list of parts belongs to the new build: from `edgepipe serve` or an OCI registry it is attached to the build, and a static site has it
 * as `parts/<digest>.json`. The app keeps the list of the file that it has, for the next update. Call it off the main thread.
 */
class ModelUpdate(
    private val oldFile: File,
    private val oldParts: Parts,
    private val newParts: Parts,
    /** Where the new file is: `https://host/v2/phi3/blobs/sha256:...`, or a file of a CDN. */
    private val blob: URL,
) {
    class Part(val at: Long, val size: Int, val sha256: String)

    class Parts(val build: String, val size: Long, val parts: List<Part>) {
        companion object {
            fun parse(text: String): Parts {
                val json = JSONObject(text)
                val list = json.getJSONArray("parts")
                return Parts(
                    json.getString("build"),
                    json.getLong("size"),
                    (0 until list.length()).map { list.getJSONObject(it) }
                        .map { Part(it.getLong("at"), it.getInt("size"), it.getString("sha256")) },
                )
            }
        }
    }

    /** The new file appears at [output] whole, or not at all; it may be the old one. */
    fun run(output: File) {
        val draft = File(output.path + ".part")
        try {
            val known = oldParts.parts.associateBy { it.sha256 }
            val whole = MessageDigest.getInstance("SHA-256")
            RandomAccessFile(oldFile, "r").use { source ->
                draft.outputStream().use { target ->
                    for (part in newParts.parts) {
                        val bytes = known[part.sha256]?.let { read(source, it) }?.takeIf { digest(it) == part.sha256 }
                            // What the old file does not have any more as it should is fetched, too.
                            ?: fetch(part)
                        if (digest(bytes) != part.sha256) throw IOException("the server sent other bytes")
                        whole.update(bytes)
                        target.write(bytes)
                    }
                    target.fd.sync()
                }
            }
            if ("sha256:" + hex(whole.digest()) != newParts.build) throw IOException("the list is not the file's")
            if (!draft.renameTo(output)) throw IOException("${output.path} cannot be replaced")
        } finally {
            draft.delete()
        }
    }

    private fun read(source: RandomAccessFile, part: Part): ByteArray? {
        if (part.at + part.size > source.length()) return null
        val bytes = ByteArray(part.size)
        source.seek(part.at)
        source.readFully(bytes)
        return bytes
    }

    /** Bytes that differ; a part has at most 16 MiB. */
    private fun fetch(part: Part): ByteArray {
        val connection = blob.openConnection() as HttpURLConnection
        connection.setRequestProperty("Range", "bytes=${part.at}-${part.at + part.size - 1}")
        try {
            if (connection.responseCode != 206) throw IOException("the server answers with ${connection.responseCode}")
            val bytes = ByteArray(part.size)
            java.io.DataInputStream(connection.inputStream).use { it.readFully(bytes) }
            return bytes
        } finally {
            connection.disconnect()
        }
    }

    private fun digest(bytes: ByteArray) = hex(MessageDigest.getInstance("SHA-256").digest(bytes))

    private fun hex(bytes: ByteArray) = bytes.joinToString("") { "%02x".format(it) }
}
