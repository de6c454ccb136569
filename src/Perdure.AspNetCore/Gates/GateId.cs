using System.Globalization;
using Perdure.Kernel;

namespace Perdure.AspNetCore;

/// <summary>A gate's id on the wire: <c>{instance}.{visit}</c>, so that a decision is for one visit and no other.</summary>
internal static class GateId
{
    public static string Of(InstanceId instance, int visit) => string.Create(CultureInfo.InvariantCulture, $"{instance}.{visit}");

    public static bool TryParse(string text, out InstanceId instance, out int visit)
    {
        visit = 0;
        var dot = text.IndexOf('.', StringComparison.Ordinal);
        return InstanceId.TryParse(dot < 0 ? null : text[..dot], out instance)
            && int.TryParse(text.AsSpan(dot + 1), NumberStyles.None, CultureInfo.InvariantCulture, out visit) && visit >= 1;
    }
}
