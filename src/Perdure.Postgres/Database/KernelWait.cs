using System.Buffers.Binary;
using System.Net.Sockets;
using System.Reflection;
using System.Runtime.InteropServices;
using Npgsql;

namespace Perdure.Postgres.Database;

/// <summary>
/// Lets the thread of a synchronous connection wait for the server in the kernel. Npgsql opens its socket without blocking, and .NET never takes that back: a read then waits for a thread that
/// watches all sockets, which wakes the reader, and so every commit pays for one more switch of threads. Here the socket blocks again, for a moment that is longer than commits usually take; beyond it
/// the read goes on as it would have from the start, with the timeout that the command has. Where the socket is not found, as in another version of Npgsql, nothing changes.
/// </summary>
internal static class KernelWait
{
    private const int GetFlags = 3, SetFlags = 4, NonBlocking = 0x800, SocketLevel = 1, ReceiveTimeout = 20, SendTimeout = 21;

    /// <summary>How long a read or write stays in the kernel before it goes on the longer way.</summary>
    public static TimeSpan Moment { get; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Whether it is so from now on, for an open connection that only one thread uses, and only synchronously.</summary>
    public static bool Use(NpgsqlConnection connection, TimeSpan moment)
    {
        // The numbers are those of Linux.
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture is not (Architecture.X64 or Architecture.Arm64) || SocketOf(connection) is not { } socket) return false;
        Span<byte> time = stackalloc byte[16];
        BinaryPrimitives.WriteInt64LittleEndian(time, moment.Ticks / TimeSpan.TicksPerSecond);
        BinaryPrimitives.WriteInt64LittleEndian(time[8..], moment.Ticks % TimeSpan.TicksPerSecond / TimeSpan.TicksPerMicrosecond);
        socket.SetRawSocketOption(SocketLevel, ReceiveTimeout, time);
        socket.SetRawSocketOption(SocketLevel, SendTimeout, time);
        var number = (int)socket.SafeHandle.DangerousGetHandle();
        var flags = Control(number, GetFlags, 0);
        return flags >= 0 && Control(number, SetFlags, flags & ~NonBlocking) >= 0;
    }

    private static Socket? SocketOf(NpgsqlConnection connection)
    {
        const BindingFlags within = BindingFlags.Instance | BindingFlags.NonPublic;
        var connector = typeof(NpgsqlConnection).GetProperty("Connector", within)?.GetValue(connection);
        return connector?.GetType().GetField("_socket", within)?.GetValue(connector) as Socket;
    }

    [DllImport("libc", EntryPoint = "fcntl")]
    private static extern int Control(int file, int command, nint argument);
}
