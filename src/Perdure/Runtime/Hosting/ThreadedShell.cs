using System.Security.Cryptography;
using Perdure.Ports;

namespace Perdure.Runtime;

/// <summary>The shell of production: a thread for each lane, the thread pool for operations.</summary>
internal sealed class ThreadedShell(TimeProvider time) : INodeShell
{
    public TimeProvider Time => time;

    public void Dispatch(IThreadPoolWorkItem work) => ThreadPool.UnsafeQueueUserWorkItem(work, preferLocal: false);

    public double Share() => RandomNumberGenerator.GetInt32(int.MaxValue) / (double)int.MaxValue;

    public void Fill(Span<byte> bytes) => RandomNumberGenerator.Fill(bytes);

    public ILaneLoop StartLane(string name, ILanePump pump) => new Loop(name, pump);

    private sealed class Loop : ILaneLoop
    {
        private readonly ILanePump _pump;
        // Wakes in a fraction of the time that a ManualResetEventSlim takes, and that time is part of every step.
        private readonly AutoResetEvent _wake = new(false);
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private volatile bool _parked;
        private volatile bool _stop;

        public Loop(string name, ILanePump pump)
        {
            _pump = pump;
            new Thread(Run) { IsBackground = true, Name = name }.Start();
        }

        public void Wake()
        {
            Interlocked.MemoryBarrier();        // what was posted is visible before the loop is seen awake
            if (_parked) _wake.Set();
        }

        public Task Stop()
        {
            _stop = true;
            _wake.Set();
            return _ended.Task;
        }

        private void Run()
        {
            while (!_stop)
            {
                var wait = _pump.Pump();
                // What is on its way already mostly comes now, and parking costs more than this.
                for (var spins = 0; spins < SpinsBeforeParking && !_pump.HasWork; spins++) Thread.SpinWait(SpinLength);
                _parked = true;
                Interlocked.MemoryBarrier();
                if (!_pump.HasWork && !_stop)
                {
                    if (wait > TimeSpan.Zero) _wake.WaitOne(wait < LongestWait ? wait + OneMillisecond : LongestWait);
                }
                _parked = false;
            }
            _ended.SetResult();
        }

        private const int SpinsBeforeParking = 40, SpinLength = 20;
        private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);
        private static readonly TimeSpan OneMillisecond = TimeSpan.FromMilliseconds(1);
    }
}
