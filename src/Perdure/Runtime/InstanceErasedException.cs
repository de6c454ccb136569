using Perdure.Ports;

namespace Perdure;

/// <summary>
/// The instance has ended, and what it said was erased. There is no more of it than its row and a history without contents, which still verifies. Its <see cref="PerdureException.Code"/> is <c>instance.erased</c>.
/// </summary>
/// <param name="row">Its row.</param>
public sealed class InstanceErasedException(InstanceRow row)
    : PerdureException("instance.erased", $"Instance {row.Id} ended in '{row.State}' at {row.UpdatedAt:yyyy-MM-dd'T'HH:mm:ss'Z'}, and what it said was erased.")
{
    /// <summary>Its row.</summary>
    public InstanceRow Row => row;
}
