using System.Globalization;

namespace Perdure.AspNetCore;

/// <summary>A place in the stream: one in each log of the store, most of which have one log. What comes behind it is new. Logs that it does not name are new as a whole: databases that came later.</summary>
internal sealed record EventPlaces(IReadOnlyList<EventPlace> All)
{
    /// <summary>The place in a log; its beginning where none is named.</summary>
    public EventPlace this[int log] => log < All.Count ? All[log] : default;

    /// <summary>The same with another place in one of so many logs.</summary>
    public EventPlaces With(int log, EventPlace place, int logs) => new([.. Enumerable.Range(0, Math.Max(logs, All.Count)).Select(i => i == log ? place : this[i])]);

    /// <summary>The places in the order of the logs, with commas between; of one that is told whole, its position alone.</summary>
    public override string ToString() => string.Join(',', All.Select(p => p.Index == int.MaxValue ? p.Position.ToString(CultureInfo.InvariantCulture) : p.ToString()));

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    public static bool TryParse(string text, out EventPlaces places)
    {
        List<EventPlace> all = [];
        foreach (var part in text.Split(',', LogsMax + 1))
            if (EventPlace.TryParse(part, out var place)) all.Add(place);
            else
            {
                places = new([]);
                return false;
            }
        places = new(all);
        return true;
    }

    private const int LogsMax = 1_024;
}
