using System.Runtime.InteropServices;
using System.Diagnostics;

namespace Perdure.Bench;

/// <summary>What the volume can do: the time that an append of 4 KB takes to be durable.</summary>
internal static class FsyncBench
{
    public static void Run(Options options)
    {
        var path = options.File("append");
        var times = new List<double>();
        using (var appends = new Appends(path))
            for (var i = 0; i < options.Int("Count", 500); i++) times.Add(appends.One());
        Report(times);
        options.Remove(path);
    }

    /// <summary>Says how long they took; gives the median.</summary>
    public static double Report(List<double> times)
    {
        times.Sort();
        Console.WriteLine($"fsync   4 KB append: median {times[times.Count / 2]:0.000} ms, p99 {times[times.Count * 99 / 100]:0.000} ms");
        return times[times.Count / 2];
    }
}

/// <summary>A file that grows by 4 KB at a time.</summary>
internal sealed partial class Appends : IDisposable
{
    private readonly Microsoft.Win32.SafeHandles.SafeFileHandle _file;
    private readonly byte[] _page = new byte[4096];
    private long _length;

    public Appends(string path)
    {
        _file = File.OpenHandle(path, FileMode.Create, FileAccess.ReadWrite);
        Random.Shared.NextBytes(_page);
    }

    /// <summary>How long the next append takes to be durable, in milliseconds.</summary>
    public double One()
    {
        var began = Stopwatch.GetTimestamp();
        RandomAccess.Write(_file, _page, _length);
        if (!OperatingSystem.IsLinux()) RandomAccess.FlushToDisk(_file);
        else if (FdataSync(_file) != 0) throw new IOException($"fdatasync failed with {Marshal.GetLastPInvokeError()}.");
        _length += _page.Length;
        return Stopwatch.GetElapsedTime(began).TotalMilliseconds;
    }

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int FdataSync(Microsoft.Win32.SafeHandles.SafeFileHandle file);

    public void Dispose() => _file.Dispose();
}
