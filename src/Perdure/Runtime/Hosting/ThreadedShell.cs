using System.Security.Cryptography;
using Perdure.Ports;

namespace Perdure.Runtime;

/// <summary>The shell of production: a few threads for the lanes, the thread pool for operations.</summary>
internal sealed class ThreadedShell(TimeProvider time) : INodeShell
{
    public TimeProvider Time => time;

    public void Dispatch(IThreadPoolWorkItem work) => ThreadPool.UnsafeQueueUserWorkItem(work, preferLocal: false);

    public double Share() => RandomNumberGenerator.GetInt32(int.MaxValue) / (double)int.MaxValue;

    public void Fill(Span<byte> bytes) => RandomNumberGenerator.Fill(bytes);

    private readonly LaneThread[] _lanes = [.. Enumerable.Range(0, Math.Clamp(Environment.ProcessorCount / 2, 1, 8)).Select(_ => new LaneThread())];

    public ILaneLoop StartLane(string name, ILanePump pump) => _lanes.MinBy(thread => thread.Lanes)!.Add(name, pump);
}
