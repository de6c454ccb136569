using System.Diagnostics;

namespace Perdure.Bench;

/// <summary>What the volume can do: the time that an append of 4 KB takes to be durable.</summary>
internal static class FsyncBench
{
    public static void Run(Options options)
    {
        var path = options.File("append");
        var times = new List<double>();
        var page = new byte[4096];
        Random.Shared.NextBytes(page);
        using (var file = System.IO.File.OpenHandle(path, FileMode.Create, FileAccess.ReadWrite))
            for (var i = 0; i < options.Int("Count", 500); i++)
            {
                var began = Stopwatch.GetTimestamp();
                RandomAccess.Write(file, page, i * 4096L);
                RandomAccess.FlushToDisk(file);
                times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            }
        times.Sort();
        options.Found["fsync"] = times[times.Count / 2];
        Console.WriteLine($"fsync   4 KB append: median {times[times.Count / 2]:0.000} ms, p99 {times[times.Count * 99 / 100]:0.000} ms");
        options.Remove(path);
    }
}
