using System.Collections.Immutable;
using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.AspNetCore;

/// <summary>Reads stored records. An erased one has no events.</summary>
internal interface IRecordDecoder
{
    ImmutableArray<Event> Events(StoredRecord record);
}
