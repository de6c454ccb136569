using System.Security.Cryptography;
using System.Text;
using Perdure.Simulation.Worlds;

namespace Perdure.Simulation;

/// <summary>Everything that happened in a run, line by line, and the SHA-256 of it.</summary>
internal sealed class Trace
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly World _world;

    public Trace(World world)
    {
        _world = world;
        world.Schedule.Watched = (at, actor, what) => Add(actor?.ToString() ?? "world", what);
    }

    /// <summary>The lines, where they are kept.</summary>
    public List<TraceLine>? Lines { get; init; } = [];

    public void Add(string who, string what)
    {
        var line = new TraceLine(_world.Schedule.Now, who, what);
        Lines?.Add(line);
        _hash.AppendData(Encoding.UTF8.GetBytes(line.ToString()));
        _hash.AppendData("\n"u8);
    }

    /// <summary>The SHA-256 of all lines so far.</summary>
    public string Hash() => Convert.ToHexStringLower(_hash.GetCurrentHash());
}

/// <summary>Something that happened.</summary>
internal sealed record TraceLine(long At, string Who, string What)
{
    public override string ToString() => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{At / 10_000.0:0.0000} {Who}: {What}");
}
