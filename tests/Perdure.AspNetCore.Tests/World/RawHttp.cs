using System.Net.Sockets;
using System.Text;

namespace Perdure.AspNetCore.Tests;

/// <summary>Sends bytes as they are, and reads what comes until the server ends the connection or the answer is whole.</summary>
internal static class RawHttp
{
    public static async Task<(int Status, string Head, string Body)> Send(Uri address, ReadOnlyMemory<byte> request)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        using var client = new TcpClient();
        await client.ConnectAsync(address.Host, address.Port, limit.Token);
        var stream = client.GetStream();
        var sending = Write(stream, request, limit.Token);
        var received = new MemoryStream();
        var buffer = new byte[65_536];
        while (true)
        {
            int read;
            try
            {
                read = await stream.ReadAsync(buffer, limit.Token);
            }
            catch (IOException)
            {
                break; // The server ended the connection while more was being sent.
            }
            if (read == 0) break;
            received.Write(buffer, 0, read);
            if (Parse(received.ToArray()) is { Whole: true }) break;
        }
        var (status, head, body, _) = Parse(received.ToArray());
        client.Close();
        await sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return (status, head, body);
    }

    private static async Task Write(NetworkStream stream, ReadOnlyMemory<byte> request, CancellationToken cancellation)
    {
        for (var at = 0; at < request.Length; at += 65_536) await stream.WriteAsync(request[at..Math.Min(request.Length, at + 65_536)], cancellation);
    }

    private static (int Status, string Head, string Body, bool Whole) Parse(byte[] bytes)
    {
        var text = Encoding.UTF8.GetString(bytes);
        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (end < 0) return (0, text, "", false);
        var head = text[..end];
        var body = text[(end + 4)..];
        var length = head.Split("\r\n").FirstOrDefault(l => l.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase)) is { } line ? int.Parse(line.Split(':')[1], System.Globalization.CultureInfo.InvariantCulture) : -1;
        return (int.Parse(head.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture), head, body, length >= 0 && Encoding.UTF8.GetByteCount(body) >= length);
    }
}
