using Microsoft.Extensions.Time.Testing;
using Perdure.Ports;

namespace Perdure.Tests;

/// <summary>One thread and virtual time: lanes are pumped and work is run until nothing is left to do now.</summary>
internal sealed class TestShell : INodeShell
{
    private readonly Queue<IThreadPoolWorkItem> _work = new();
    private readonly List<Loop> _loops = [];
    private readonly Random _random = new(7);

    public FakeTimeProvider Clock { get; init; } = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public TimeProvider Time => Clock;

    public void Dispatch(IThreadPoolWorkItem work)
    {
        lock (_work) _work.Enqueue(work);
    }

    public double Share() => 0.5;

    public void Fill(Span<byte> bytes) => _random.NextBytes(bytes);

    public ILaneLoop StartLane(string name, ILanePump pump)
    {
        var loop = new Loop(pump);
        _loops.Add(loop);
        if (PumpsAtOnce)
        {
            var thread = new Thread(() => pump.Pump());
            using (ExecutionContext.SuppressFlow()) thread.Start();
            _pumping.Add(thread);
            thread.Join(TimeSpan.FromMilliseconds(200));      // it has pumped by then, or waits for this one
        }
        return loop;
    }

    /// <summary>Whether a lane's thread pumps it while it is being started, as threads do when they like.</summary>
    public bool PumpsAtOnce { get; init; }

    private readonly List<Thread> _pumping = [];

    /// <summary>How many lanes have something to do that nobody has woken.</summary>
    public int Overslept
    {
        get
        {
            foreach (var thread in _pumping)
                if (!thread.Join(TimeSpan.FromSeconds(60))) throw new TimeoutException("A lane that is started is not pumped.");
            return _loops.Count(l => l.Pump.HasWork && l.Wakes == 0);
        }
    }

    /// <summary>
    /// Does it on a thread of the world's own, as a lane's thread is: with no synchronization context and no scheduler of the test runner, under which continuations would not run inline.
    /// </summary>
    public static void Do(Action action)
    {
        System.Runtime.ExceptionServices.ExceptionDispatchInfo? failed = null;
        var thread = new Thread(() =>
        {
            try
            {
                action();
            }
            catch (Exception e)
            {
                failed = System.Runtime.ExceptionServices.ExceptionDispatchInfo.Capture(e);
            }
        });
        using (ExecutionContext.SuppressFlow()) thread.Start();
        thread.Join();
        failed?.Throw();
    }

    /// <summary>Does all there is to do at the present moment.</summary>
    public void Settle() => Do(SettleHere);

    private void SettleHere()
    {
        for (var idle = 0; idle < 2;)
        {
            idle++;
            foreach (var loop in _loops.Where(l => !l.Stopped))
            {
                loop.Next = Clock.GetUtcNow() + loop.Pump.Pump();
                if (loop.Pump.HasWork) idle = 0;
            }
            for (; ; )
            {
                IThreadPoolWorkItem? work;
                lock (_work) if (!_work.TryDequeue(out work)) break;
                idle = 0;
                work.Execute();
            }
        }
    }

    /// <summary>Lets time pass, doing what becomes due on the way.</summary>
    public void Pass(TimeSpan time) => Do(() => PassHere(time));

    private void PassHere(TimeSpan time)
    {
        var end = Clock.GetUtcNow() + time;
        SettleHere();
        while (Clock.GetUtcNow() < end)
        {
            var next = _loops.Where(l => !l.Stopped).Select(l => l.Next).Append(end).Min();
            var now = Clock.GetUtcNow();
            Clock.Advance((next > now ? next < end ? next : end : now.AddMilliseconds(1)) - now);
            SettleHere();
        }
    }

    /// <summary>The process dies: nothing of it runs any more.</summary>
    public void Die()
    {
        foreach (var loop in _loops) loop.Stopped = true;
        lock (_work) _work.Clear();
    }

    /// <summary>When the lanes want to be pumped next; nobody having woken them.</summary>
    public DateTimeOffset Next => _loops.Where(l => !l.Stopped).Min(l => l.Next);

    private sealed class Loop(ILanePump pump) : ILaneLoop
    {
        public ILanePump Pump => pump;
        public DateTimeOffset Next = DateTimeOffset.MaxValue;
        public bool Stopped;
        public int Wakes;
        public void Wake() => Interlocked.Increment(ref Wakes);
        public Task Stop()
        {
            Stopped = true;
            return Task.CompletedTask;
        }
    }
}
