#include "bridge/server/config/event_templates.h"

#include "bridge/server/config/frame_policies.h"
#include "bridge/server/config/value_json.h"
#include "sluice/config/v1/route.pb.h"

namespace sluice {

EventTemplate BuildTemplate(const config::v1::EventTemplate& config, EventTemplate shape,
                            const std::string& path, Findings* findings) {
  CheckEventType(config.event(), path + ".event", findings);
  if (!config.event().empty()) shape.event = config.event();
  if (config.has_data()) shape.data = ValueToJson(config.data());
  return shape;
}

}  // namespace sluice
