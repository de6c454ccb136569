using Perdure.Simulation.Chance;

namespace Perdure.Simulation
{
    /// <summary>How arrivals follow each other.</summary>
    public enum Arrivals
    {
        /// <summary>Independent of each other, as many callers that know nothing of each other come: a Poisson process.</summary>
        Poisson,
        /// <summary>At equal distances.</summary>
        Constant,
    }
}

namespace Perdure.Simulation.Stressing
{
    /// <summary>
    /// When arrivals are intended: an open loop, which does not wait for answers. Latencies count from these moments, also where an arrival could only be taken up later; otherwise a system that stands
    /// still would hold back the very arrivals that would have told of it ("coordinated omission": Gil Tene, "How NOT to Measure Latency", 2013).
    /// </summary>
    internal sealed class IntendedTimes(Arrivals arrivals, double perSecond, Pcg32 chance)
    {
        private long _number;
        private double _seconds;

        /// <summary>The next one, in ticks from the beginning of the stage.</summary>
        public long Next()
        {
            if (arrivals == Arrivals.Constant) return (long)Math.Round(_number++ * (TimeSpan.TicksPerSecond / perSecond));
            _seconds -= Math.Log(1 - chance.Share()) / perSecond;
            return (long)(_seconds * TimeSpan.TicksPerSecond);
        }
    }
}
