#include "connectors/azure_iot_hub/sas_token.h"

#include <gtest/gtest.h>

#include "connectors/transport/base64.h"
#include "gateway/core/percent.h"

namespace sluice::azure_iot_hub {
namespace {

// Azure/azure-iot-sdk-node, common/core/test/_shared_access_signature_test.js.
TEST(SasToken, AgreesWithThePublishedVector) {
  const Result<std::string> key = device_key("cGFzc3dvcmQ=");
  ASSERT_TRUE(key);
  EXPECT_EQ(*key, "password");
  EXPECT_EQ(sas_token(*key, "uri", 12345),
            "SharedAccessSignature sr=uri&sig=kcWxXAK2OAaAoq2oCkaGzX2NMqDB8nCyNuq2fPYCDhk%3D&se=12345");
}

// Azure/azure-sdk-for-c, sdk/tests/iot/hub/test_az_iot_hub_client_sas.c: what is signed is the encoded resource.
TEST(SasToken, SignsTheResourceAsItIsEncoded) {
  const std::string token = sas_token("password", "myiothub.azure-devices.net/devices/my_device", 1578941692);
  EXPECT_TRUE(token.starts_with("SharedAccessSignature sr=myiothub.azure-devices.net%2Fdevices%2Fmy_device&sig="));
  EXPECT_TRUE(token.ends_with("&se=1578941692"));
  // Computed with Python's hmac over "contoso.azure-devices.net%2Fdevices%2FMyDevice01\n1700000000".
  EXPECT_EQ(sas_token("password", "contoso.azure-devices.net/devices/MyDevice01", 1700000000),
            "SharedAccessSignature sr=contoso.azure-devices.net%2Fdevices%2FMyDevice01&sig="
            "0oTdtXIHczM5rp9KNKzuskkwaENZSS404UKbC1xe%2FL8%3D&se=1700000000");
}

TEST(SasToken, RefusesAKeyThatIsNoneWithoutRepeatingIt) {
  for (const char* wrong : {"", "geheim", "HostName=a;DeviceId=b;SharedAccessKey=geheim", "cGFzc3dvcmQ"}) {
    const Result<std::string> key = device_key(wrong);
    ASSERT_FALSE(key) << wrong;
    EXPECT_EQ(key.error().kind, ErrorKind::config);
    EXPECT_EQ(key.error().message.find("geheim"), std::string::npos);
  }
}

TEST(Percent, EncodesAllButUnreservedCharacters) {
  EXPECT_EQ(percent_encoded("AZaz09-._~"), "AZaz09-._~");
  EXPECT_EQ(percent_encoded("a/b c+d#e$f%g&h=i?"), "a%2Fb%20c%2Bd%23e%24f%25g%26h%3Di%3F");
  EXPECT_EQ(percent_encoded("K\xc3\xbc"), "K%C3%BC");
}

}  // namespace
}  // namespace sluice::azure_iot_hub
